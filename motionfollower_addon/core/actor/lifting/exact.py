"""The last step of lifting: bones of exactly one length, joints exactly on their rays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import INNER, JOINT_OF, LINKS, POINT
from .camera_rows import Views
from .fitting import Figure
from .found import SURE, Sighting

Array = NDArray[np.float64]

_MOST_OFF = 0.4
"""Pixels that a joint that was found may be off its ray."""
_NEARER, _MOST_STEPS = 0.985, 100


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


def exact(found: Sighting, figure: Figure) -> Array:
    """The points [n, points, 3] of a fitted figure with its lengths kept.

    On a frame where a bone looks longer than it can be, the whole figure comes nearer to the
    camera until it is long enough.
    """
    places = found.views.places[:, None]
    near = np.ones(found.count)
    points = _from_pelvis_out(found, figure, figure.points)
    for _ in range(_MOST_STEPS):
        apart = off_ray(found, points)
        lacking = np.where(np.isfinite(apart), apart, 0).max(axis=1) > _MOST_OFF
        if not lacking.any():
            break
        near[lacking] *= _NEARER
        moved = places + near[:, None, None] * (figure.points - places)
        points = _from_pelvis_out(found, figure, moved)
    return points


def _from_pelvis_out(found: Sighting, figure: Figure, wanted: Array) -> Array:
    """Points with exact lengths, each as near to `wanted` [n, points, 3] as its ray allows."""
    views, spread = found.views, found.spread
    points = wanted.copy()
    seen = views.pixels(wanted)
    for link in LINKS:
        length = np.full(found.count, figure.lengths[link.group])
        start, near = points[:, link.start], wanted[:, link.end]
        if link.end < len(INNER):
            way = near - start
            points[:, link.end] = start + way * (length / np.linalg.norm(way, axis=-1))[:, None]
            continue
        joint = JOINT_OF[link.end - len(INNER)]
        sure = spread[:, joint] <= SURE
        pixel = np.where(sure[:, None], found.joints[:, joint], seen[:, link.end])
        ray = views.rays(pixel[:, None])[:, 0]
        points[:, link.end] = on_ray(start, views.places, ray, length, near)
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
        known = np.isfinite(pixels).all(axis=-1)
        first = 0
        while first < found.count:
            stop = first
            while stop < found.count and known[stop]:
                run = slice(first, stop + 1)
                if _unrest(views, places[run], pixels[run], run) > still:
                    break
                stop += 1
            if stop - first >= max(3, least * found.fps):
                run = slice(first, stop)
                stray = np.linalg.norm(places[run] - places[run].mean(axis=0), axis=-1)
                result.append(float((stray * views.scale[run].mean(axis=1) / depth[run]).max()))
            first = max(stop, first + 1)
    return result


def _unrest(views: Views, places: Array, pixels: Array, run: slice) -> float:
    """Pixels between where a foot was found and where the mean of its places is seen."""
    rest = places.mean(axis=0)
    placed = views.rows[run, :, :3] @ rest + views.rows[run, :, 3]
    return float(np.linalg.norm(placed[:, :2] / placed[:, 2:] - pixels, axis=-1).max())
