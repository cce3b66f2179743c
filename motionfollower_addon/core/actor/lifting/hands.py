"""Fingers in space: each point on its ray, bones of one length, hung on the wrist of the body.

A point lies before or behind the one it hangs on; which, is chosen over the whole clip so that a
hand is flat, fingers are straight and nothing jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import FINGERS

from .camera_rows import Views
from .exact import on_ray

Array = NDArray[np.float64]

PARENTS = tuple(0 if k == 0 or k % 4 == 1 else k - 1 for k in range(21))
"""What each of a hand's 21 points hangs on; the wrist on itself."""
ROOTS = (1, 5, 9, 13, 17)
"""The first point of each finger."""
USUAL = (0.045, 0.04, 0.032, 0.027, 0.09, 0.042, 0.026, 0.022, 0.088, 0.046, 0.030, 0.024,
         0.084, 0.042, 0.028, 0.024, 0.080, 0.034, 0.021, 0.022)  # fmt: skip
"""Metres of a usual person's hand: from its parent to each point after the wrist."""
_SPREAD = (0.8, 0.22, 0.0, -0.2, -0.4)
"""Directions of resting fingers, radians from the forearm's towards the thumb."""
_SLACK = 1.005
_JUMP, _TORN, _BENT = 1.0, 1.5, 0.35
"""Weights of jumping from frame to frame, of knuckles far apart, and of bent fingers."""
_SHORT = 50.0
_ROUNDS = 6


@dataclass(frozen=True)
class Hand:
    """One hand over a clip."""

    points: Array
    """[n, 21, 3] in the world."""
    lengths: Array
    """[20] metres from its parent to each point after the wrist."""


def lift_hand(
    views: Views, pixels: Array, sure: NDArray[np.bool_], wrist: Array, forearm: Array, scale: float
) -> Hand:
    """A hand from its points in the picture.

    `pixels` [n, 21, 2] NaN absent, `sure` [n] where they count for the lengths, `wrist` [n, 3] and
    unit `forearm` [n, 3] (elbow to wrist) in the world, `scale` the size in usual people.
    """
    known = np.isfinite(pixels).all(axis=(1, 2))
    if not known.any():
        lengths = scale * np.array(USUAL)
        return Hand(_resting(wrist, forearm, lengths), lengths)
    measured = known & sure if (known & sure).any() else known
    some = _taken(views, known)
    rays = some.rays(pixels[known])
    lengths = _needed(rays, some, wrist[known], measured[known])
    for _ in range(_ROUNDS):
        points, short = _chosen(some, rays, wrist[known], lengths)
        lacking = short[measured[known]].max(axis=0)
        if not (lacking > 1e-5 * scale).any():
            break
        lengths = lengths + np.where(lacking > 0, 1.02 * lacking + 1e-5 * scale, 0)
    whole = np.empty((len(pixels), 21, 3))
    whole[known] = points
    _fill(whole, known, wrist, forearm)
    return Hand(whole, lengths)


def _taken(views: Views, which: NDArray[np.bool_]) -> Views:
    return Views(
        views.rows[which],
        views.ahead[which],
        views.across[which],
        views.down[which],
        views.scale[which],
        views.centre[which],
        views.places[which],
    )


def _needed(rays: Array, views: Views, wrist: Array, measured: NDArray[np.bool_]) -> Array:
    """The longest that each bone looks on a frame, with the hand at its wrist's distance."""
    depth = views.depth(wrist[:, None])
    flat = views.places[:, None] + depth[..., None] * rays
    flat[:, 0] = wrist
    way = np.linalg.norm(flat[:, 1:] - flat[:, list(PARENTS[1:])], axis=-1)
    longest: Array = _SLACK * way[measured].max(axis=0)
    return np.maximum(longest, 1e-4)


def _chain(
    views: Views, rays: Array, start: Array, chain: tuple[int, ...], lengths: Array
) -> tuple[Array, Array]:
    """Every way a chain of points may lie: [n, 2 ** k, k, 3], and how far each bone falls short.

    `start` [n, 3] is the point that the chain hangs on.
    """
    n, k = len(start), len(chain)
    sides = np.array(list(product((-1.0, 1.0), repeat=k)))
    points = np.empty((n, len(sides), k, 3))
    short = np.empty((n, len(sides), k))
    before = np.broadcast_to(start[:, None], (n, len(sides), 3))
    for step, at in enumerate(chain):
        ray = rays[:, at]
        unit = (ray / np.linalg.norm(ray, axis=-1, keepdims=True))[:, None]
        place = views.places[:, None]
        foot = place + ((before - place) * unit).sum(-1, keepdims=True) * unit
        length = lengths[at - 1]
        short[:, :, step] = np.maximum(np.linalg.norm(foot - before, axis=-1) - length, 0)
        near = foot + sides[None, :, step, None] * unit
        points[:, :, step] = on_ray(before, place, np.broadcast_to(unit, near.shape),
                                    np.full(near.shape[:2], length), near)  # fmt: skip
        before = points[:, :, step]
    return points, short


def _best(cost: Array, points: Array) -> NDArray[np.intp]:
    """Which way [n] to choose on each frame: of costs [n, s], with jumps of points [n, s, k, 3]."""
    count, options = cost.shape
    total, back = cost[0].copy(), np.zeros((count, options), np.intp)
    for t in range(1, count):
        way = points[t][:, None] - points[t - 1][None]
        move = total[None] + _JUMP * np.linalg.norm(way, axis=-1).sum(axis=-1)
        back[t] = move.argmin(axis=1)
        total = cost[t] + move.min(axis=1)
    chosen = np.empty(count, np.intp)
    chosen[-1] = total.argmin()
    for t in range(count - 1, 0, -1):
        chosen[t - 1] = back[t, chosen[t]]
    return chosen


def _chosen(views: Views, rays: Array, wrist: Array, lengths: Array) -> tuple[Array, Array]:
    """(points [n, 21, 3], how far each of 20 bones falls short of its ray [n, 20])."""
    count = len(wrist)
    rows = np.arange(count)
    result, short = np.empty((count, 21, 3)), np.zeros((count, 20))
    result[:, 0] = wrist
    sides = list(product((0, 1), repeat=len(ROOTS)))
    ends = [_chain(views, rays, wrist, (at,), lengths) for at in ROOTS]
    palms = np.stack(
        [np.stack([ends[f][0][:, way[f], 0] for f in range(5)], axis=1) for way in sides], axis=1
    )
    lacks = np.stack(
        [np.stack([ends[f][1][:, way[f], 0] for f in range(5)], axis=1) for way in sides], axis=1
    )
    torn = np.linalg.norm(np.diff(palms, axis=2), axis=-1).sum(axis=-1)
    pick = _best(_TORN * torn + _SHORT * lacks.sum(axis=-1), palms)
    result[:, list(ROOTS)] = palms[rows, pick]
    short[:, [at - 1 for at in ROOTS]] = lacks[rows, pick]
    for at in ROOTS:
        chain = (at + 1, at + 2, at + 3)
        points, lack = _chain(views, rays, result[:, at], chain, lengths)
        origin = np.broadcast_to((result[:, at] - wrist)[:, None, None], points[:, :, :1].shape)
        first = points[:, :, :1] - result[:, at][:, None, None]
        ways = np.concatenate([origin, first, np.diff(points, axis=2)], axis=2)
        units = ways / np.maximum(np.linalg.norm(ways, axis=-1, keepdims=True), 1e-9)
        bent = np.linalg.norm(np.diff(units, axis=2), axis=-1).sum(axis=-1)
        size = lengths[[k - 1 for k in chain]].mean()
        pick = _best(_BENT * size * bent + _SHORT * lack.sum(axis=-1), points)
        result[:, list(chain)] = points[rows, pick]
        short[:, [k - 1 for k in chain]] = lack[rows, pick]
    return result, short


def _turn(start: Array, end: Array) -> Array:
    """The smallest turn [3, 3] that brings one unit vector [3] to another."""
    axis, cosine = np.cross(start, end), float(start @ end)
    if cosine < -0.999999:
        across = np.cross(start, np.eye(3)[np.abs(start).argmin()])
        across = across / np.linalg.norm(across)
        return 2 * np.outer(across, across) - np.eye(3)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turned: Array = np.eye(3) + cross + cross @ cross / (1 + cosine)
    return turned


def _fill(points: Array, known: NDArray[np.bool_], wrist: Array, forearm: Array) -> None:
    """Frames without the hand take its nearest shape, turned with the forearm."""
    seen = np.flatnonzero(known)
    for t in np.flatnonzero(~known):
        near = seen[np.abs(seen - t).argmin()]
        turn = _turn(forearm[near], forearm[t])
        points[t] = wrist[t] + (points[near] - wrist[near]) @ turn.T


def _resting(wrist: Array, forearm: Array, lengths: Array) -> Array:
    """Open hands [n, 21, 3] along the forearm, for an actor whose hand was never seen."""
    points = np.empty((len(wrist), 21, 3))
    points[:, 0] = wrist
    along = np.array([0.0, 1.0, 0.0])
    for t, way in enumerate(forearm):
        turn = _turn(along, way)
        for finger in range(len(FINGERS)):
            angle = _SPREAD[finger]
            unit = turn @ np.array([np.sin(angle), np.cos(angle), 0.0])
            before = wrist[t]
            for k in range(4 * finger + 1, 4 * finger + 5):
                before = before + lengths[k - 1] * unit
                points[t, k] = before
    return points
