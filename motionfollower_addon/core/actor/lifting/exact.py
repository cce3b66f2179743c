"""The last step of lifting: bones of exactly one length, joints exactly on their rays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import INNER, JOINT_OF, LINKS, POINT
from .fitting import Figure
from .found import SURE, Sighting
from .single_frames import go_over
from .standing import runs

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_MOST_OFF = 0.4
"""Pixels that a joint that was found may be off its ray."""
_NEARER, _MOST_STEPS = 0.985, 100
_ROUNDS, _LENGTH_LEFT = 6, 1e-6
"""Rounds of settling, and by which share a bone's length may be off afterwards."""


def on_ray(start: Array, place: Array, ray: Array, length: Array, near: Array) -> Array:
    """Points [..., 3] at `length` [...] from `start`, on rays from `place` along `ray` if they can.

    Of the two such points the one that is nearer to `near`; where the ray passes farther away, the
    point at that length that is nearest to the ray.
    """
    unit = ray / np.linalg.norm(ray, axis=-1, keepdims=True)
    foot = place + ((start - place) * unit).sum(-1, keepdims=True) * unit
    away = foot - start
    half = length * length - (away * away).sum(-1)
    side = ((near - foot) * unit).sum(-1)
    step = np.where(side < 0, -1.0, 1.0) * np.sqrt(np.maximum(half, 0))
    point = foot + step[..., None] * unit
    far = np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-12)
    return np.where((half >= 0)[..., None], point, start + away / far * length[..., None])


def exact(found: Sighting, figure: Figure, scale: float = 1.0) -> Array:
    """The points [n, points, 3] of a fitted figure with its lengths kept.

    A frame where a bone looks longer than it can be is gone over by itself; where that does not
    help, the whole figure comes nearer to the camera until it is long enough. `scale` is its size
    in usual people.
    """
    points, settled = _settled(figure.points, figure)
    wrong = ~settled | (_worst(found, points) > _MOST_OFF)
    if not wrong.any():
        return points
    frames = np.flatnonzero(wrong)
    again, good = _settled(go_over(found, figure, frames, scale), figure)
    points[frames], settled[frames] = again, good
    wrong = ~settled | (_worst(found, points) > _MOST_OFF)
    places = found.views.places[:, None]
    near = np.ones(found.count)
    for _ in range(_MOST_STEPS):
        moved = places + near[:, None, None] * (figure.points - places)
        keep = settled & (near == 1.0)
        chained = _from_pelvis_out(found, figure, moved, points, keep)
        points[wrong] = chained[wrong]
        lacking = _worst(found, points) > _MOST_OFF
        if not lacking.any():
            break
        near[lacking] *= _NEARER
        wrong |= lacking
    return points


def _settled(begun: Array, figure: Figure) -> tuple[Array, BoolArray]:
    """Points [n, points, 3] moved by as little as gives every bone its length; and where that did.

    Spread over all points little is moved anywhere: rays and standing feet hardly notice.
    """
    points = begun.copy()
    starts, ends = (np.array(part) for part in zip(*((k.start, k.end) for k in LINKS), strict=True))
    lengths = np.array([figure.lengths[link.group] for link in LINKS])
    order, count = np.arange(len(LINKS)), len(points)
    slopes = np.zeros((count, len(LINKS), points.shape[1], 3))
    for _ in range(_ROUNDS):
        ways = points[:, ends] - points[:, starts]
        long = np.linalg.norm(ways, axis=-1)
        slopes[:, order, ends] = ways / long[..., None]
        slopes[:, order, starts] = -ways / long[..., None]
        flat = slopes.reshape(count, len(LINKS), -1)
        pulls = np.linalg.solve(flat @ flat.swapaxes(1, 2), (lengths - long)[..., None])
        points += (flat.swapaxes(1, 2) @ pulls).reshape(points.shape)
    long = np.linalg.norm(points[:, ends] - points[:, starts], axis=-1)
    return points, (np.abs(long - lengths) < _LENGTH_LEFT * lengths).all(axis=1)


def _worst(found: Sighting, points: Array) -> Array:
    """How far the worst joint that was found is off its ray, pixels [n]."""
    apart = off_ray(found, points)
    worst: Array = np.where(np.isfinite(apart), apart, 0).max(axis=1)
    return worst


def _from_pelvis_out(
    found: Sighting, figure: Figure, wanted: Array, settled: Array, keep: BoolArray
) -> Array:
    """Points with exact lengths, each as near to `wanted` [n, points, 3] as its ray allows.

    On frames to `keep` [n] only limbs that are off their rays differ from `settled`.
    """
    views, spread = found.views, found.spread
    points = np.where(keep[:, None, None], settled, wanted)
    seen = views.pixels(wanted)
    apart = np.nan_to_num(off_ray(found, settled))
    fresh = np.zeros(points.shape[:2], bool)
    fresh[:, len(INNER) :] = apart > _MOST_OFF
    fresh[~keep] = True
    for link in LINKS:
        fresh[:, link.end] |= fresh[:, link.start] & (link.start != 0)
        length = np.full(found.count, figure.lengths[link.group])
        start, near = points[:, link.start], wanted[:, link.end]
        if link.end < len(INNER):
            way = near - start
            end = start + way * (length / np.linalg.norm(way, axis=-1))[:, None]
            points[:, link.end] = np.where(fresh[:, link.end, None], end, points[:, link.end])
            continue
        joint = JOINT_OF[link.end - len(INNER)]
        sure = spread[:, joint] <= SURE
        pixel = np.where(sure[:, None], found.joints[:, joint], seen[:, link.end])
        ray = views.rays(pixel[:, None])[:, 0]
        end = on_ray(start, views.places, ray, length, near)
        points[:, link.end] = np.where(fresh[:, link.end, None], end, points[:, link.end])
    return points


def off_ray(found: Sighting, points: Array) -> Array:
    """How many pixels each body point after the inner ones is off where it was found, [n, 17].

    NaN where it was not found on the frame.
    """
    apart = np.linalg.norm(found.views.pixels(points[:, len(INNER) :]) - found.body, axis=-1)
    sure = found.spread[:, list(JOINT_OF)] <= SURE
    return np.where(sure, apart, np.nan)


def slides(found: Sighting, points: Array, least: float = 0.25, still: float = 1.5) -> list[float]:
    """How far each standing foot strays from its mean place, in pixels at its distance.

    A foot stands for `least` seconds or longer while a place that rests in the world is seen within
    `still` pixels of where its ankle was found.
    """
    views = found.views
    result = []
    for name in ("right_ankle", "left_ankle"):
        at = POINT[name]
        places, pixels = points[:, at], found.joints[:, JOINT_OF[at - len(INNER)]]
        depth = views.depth(points)[:, at]
        for run in runs(views, places, pixels, least * found.fps, still):
            stray = np.linalg.norm(places[run] - places[run].mean(axis=0), axis=-1)
            result.append(float((stray * views.scale[run].mean(axis=1) / depth[run]).max()))
    return result
