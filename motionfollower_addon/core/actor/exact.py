"""The last step of lifting: bones of exactly one length, joints exactly on their rays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import INNER, JOINT_OF, LINKS, POINT
from .fitting import Figure
from .found import SURE, Sighting

Array = NDArray[np.float64]


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
    """The points [n, points, 3] of a fitted figure with its lengths kept, from the pelvis out."""
    views, spread = found.views, found.spread
    points = figure.points.copy()
    seen = views.pixels(figure.points)
    for link in LINKS:
        length = np.full(found.count, figure.lengths[link.group])
        start, near = points[:, link.start], figure.points[:, link.end]
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

    A foot stands while its ankle keeps within `still` pixels of one place in the picture for
    `least` seconds.
    """
    views = found.views
    result = []
    for name in ("right_ankle", "left_ankle"):
        at = POINT[name]
        pixels, places = views.pixels(points)[:, at], points[:, at]
        depth = views.depth(points)[:, at]
        known = np.isfinite(found.joints[:, JOINT_OF[at - len(INNER)]]).all(axis=-1)
        first = 0
        while first < found.count:
            stop = first
            while stop < found.count and known[stop]:
                run = pixels[first : stop + 1]
                if np.linalg.norm(run - run.mean(axis=0), axis=-1).max() > still:
                    break
                stop += 1
            if stop - first >= max(3, least * found.fps):
                run = places[first:stop]
                stray = np.linalg.norm(run - run.mean(axis=0), axis=-1)
                scale = views.scale[first:stop].mean(axis=1) / depth[first:stop]
                result.append(float((stray * scale).max()))
            first = max(stop, first + 1)
    return result
