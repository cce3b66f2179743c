"""Frames that did not come out exact, gone over one by one: the limb that is too short brings its
shoulder or hip nearer, and the feet stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .body import INNER, JOINT_OF, LINKS, POINT
from .fitting import Figure
from .found import SURE, Sighting

Array = NDArray[np.float64]

_LENGTH, _RAY = 0.0001, 0.1
"""Metres that a bone may be off its length, pixels that a joint may be off its ray."""
_ANCHOR, _FOOT = 0.1, 0.004
"""Metres that points, and ankles, may go from where the whole clip has them."""
_ROUNDS = 40
_LEAST, _MOST = 1e-6, 1e9
"""How strongly steps are damped."""


def go_over(found: Sighting, figure: Figure, frames: NDArray[np.intp], scale: float) -> Array:
    """Points [m, points, 3] of the frames `frames` [m], near to the figure's."""
    start = figure.points[frames]
    weights = np.full(start.shape[1:], 1 / (_ANCHOR * scale))
    weights[[POINT["right_ankle"], POINT["left_ankle"]]] = 1 / (_FOOT * scale)
    flat, points = weights.reshape(-1), start.copy()
    damping = np.full(len(frames), 1e-3)
    misfit, slopes = _misfit(found, figure, frames, points, scale)
    for _ in range(_ROUNDS):
        apart = (points - start).reshape(len(frames), -1)
        total = (misfit**2).sum(axis=1) + ((apart * flat) ** 2).sum(axis=1)
        matrix = slopes.swapaxes(1, 2) @ slopes
        inner = np.arange(matrix.shape[1])
        matrix[:, inner, inner] += flat**2
        matrix[:, inner, inner] *= 1 + damping[:, None]
        right = -(slopes.swapaxes(1, 2) @ misfit[..., None])[..., 0] - apart * flat**2
        step = np.linalg.solve(matrix, right[..., None])[..., 0]
        tried = points + step.reshape(points.shape)
        told, turned = _misfit(found, figure, frames, tried, scale)
        away = (tried - start).reshape(len(frames), -1)
        better = (told**2).sum(axis=1) + ((away * flat) ** 2).sum(axis=1) < total
        points[better], misfit[better], slopes[better] = tried[better], told[better], turned[better]
        damping = np.clip(np.where(better, damping / 5, damping * 10), _LEAST, _MOST)
    return points


def _misfit(
    found: Sighting, figure: Figure, frames: NDArray[np.intp], points: Array, scale: float
) -> tuple[Array, Array]:
    """Weighted misfits of bones and rays [m, r], and their slopes [m, r, 3 * points]."""
    count, size = len(frames), points.shape[1]
    order = np.arange(len(LINKS))
    starts, ends = (np.array(part) for part in zip(*((k.start, k.end) for k in LINKS), strict=True))
    ways = points[:, ends] - points[:, starts]
    long = np.maximum(np.linalg.norm(ways, axis=-1), 1e-9)
    bones = np.zeros((count, len(LINKS), size, 3))
    units = ways / long[..., None] / (_LENGTH * scale)
    bones[:, order, ends] = units
    bones[:, order, starts] = -units
    lengths = np.array([figure.lengths[link.group] for link in LINKS])

    rows = found.views.rows[frames]
    outer = points[:, len(INNER) :]
    placed = np.einsum("mij,mpj->mpi", rows[:, :, :3], outer) + rows[:, None, :, 3]
    depth = placed[..., 2:]
    seen = placed[..., :2] / depth
    sure = (found.spread[frames][:, list(JOINT_OF)] <= SURE)[..., None]
    apart = np.where(sure, seen - found.body[frames], 0) / _RAY
    turned = rows[:, None, :2, :3] - seen[..., None] * rows[:, None, 2:3, :3]
    turned = np.where(sure[..., None], turned / depth[..., None], 0) / _RAY
    rays = np.zeros((count, outer.shape[1], 2, size, 3))
    at = np.arange(outer.shape[1])
    rays[:, at, :, at + len(INNER)] = turned.swapaxes(0, 1)
    misfit = np.concatenate(
        [(long - lengths) / (_LENGTH * scale), apart.reshape(count, -1)], axis=1
    )
    slopes = np.concatenate(
        [bones.reshape(count, len(LINKS), -1), rays.reshape(count, 2 * outer.shape[1], -1)], axis=1
    )
    return misfit, slopes
