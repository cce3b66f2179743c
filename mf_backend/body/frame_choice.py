"""Which frame of the clip supplies each layer, on every target frame.

Each layer wants a frame that shows it whole, sharp and in a similar pose; changing frames costs, so
the choice is steady (the cheapest path over time, found by dynamic programming).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.layers import (
    ARMS,
    BONE,
    LAYERS,
    LEGS,
    TRUNK,
    Layer,
    in_picture,
    overlap_of_arm,
)
from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.whole_skeleton import (
    HEAD,
    LEFT_TOE,
    MID_HIP,
    RIGHT_TOE,
    FullSkeleton,
    Points,
)

_SWITCH = 0.5
_FEET = (10, 13, RIGHT_TOE, LEFT_TOE)
_FACE = (0, 14, 15, 16, 17)


def choose_frames(
    source: FullSkeleton,
    target: FullSkeleton,
    widths: BodyWidths,
    candidates: NDArray[np.int64],
    size: tuple[int, int],
    ratio: float,
    switch: float = _SWITCH,
) -> dict[str, NDArray[np.int64]]:
    """Source frame for each target frame, int [frames], by layer name.

    `candidates` are the frames that have a usable mask, `size` (width, height) of the clip,
    `ratio` source pixels for one target pixel.
    """
    overlaps = {
        layer.name: np.array([overlap_of_arm(source.points[j], widths, layer) for j in candidates])
        for layer in ARMS
    }
    chosen = {}
    for layer in LAYERS:
        cost = _frame_cost(layer, source, candidates, overlaps)[None]
        cost = cost + _unseen_cost(layer, source, target, candidates, size)
        cost = cost + _pose_cost(layer, source.points[candidates], target.points, ratio, size)
        chosen[layer.name] = candidates[_steady_path(cost, switch)]
    return chosen


def _vectors(points: Points, layer: Layer) -> Points:
    """Bone vectors [..., bones, 2]."""
    bones = [BONE[name] for name in layer.bones if name != "hips"]
    vectors: Points = np.stack([points[..., b.b, :] - points[..., b.a, :] for b in bones], -2)
    return vectors


def _pose_cost(
    layer: Layer, source: Points, target: Points, ratio: float, size: tuple[int, int]
) -> Points:
    """How unlike the layer's pose is, [target frames, source frames]."""
    if layer is TRUNK:
        return _trunk_cost(source, target)
    s, t = _vectors(source, layer)[None], _vectors(target, layer)[:, None]
    ls, lt = (np.linalg.norm(v, axis=-1) for v in (s, t))
    # A short source limb blown up is worse than a long one folded.
    stretch = np.log(np.maximum(ls, 3) / np.maximum(lt * ratio, 3))
    stretch = np.where(stretch < 0, -1.6 * stretch, stretch)
    zs, zt = (v @ (1, 1j) for v in (s, t))
    turned = np.abs(np.angle(zs * zt.conj()))
    bend_s, bend_t = (z[..., 1:] * z[..., :-1].conj() for z in (zs, zt))
    bend = np.abs(np.angle(bend_s * bend_t.conj()))
    bones = [BONE[name] for name in layer.bones if name != "hips"]
    # Bones outside the picture need no source.
    shown = np.stack([in_picture(target[:, b.b], size, -20.0) for b in bones], -1)[:, None]
    cost: Points = (
        1.2 * (shown * stretch)[..., :2].sum(-1)
        + 0.45 * shown[..., 1] * bend[..., 0]
        + 0.08 * (shown * turned)[..., :2].sum(-1)
    )
    return cost


def _trunk_cost(source: Points, target: Points) -> Points:
    def shape(points: Points) -> Points:
        unit = np.linalg.norm(points[:, MID_HIP] - points[:, 1], axis=-1)
        unit = np.maximum(unit, max(1.0, 0.5 * float(np.median(unit))))[:, None]
        face = (points[:, _FACE] - points[:, [HEAD]]).reshape(len(points), -1)
        shoulders = points[:, 5] - points[:, 2]
        hips = points[:, 11] - points[:, 8]
        head = points[:, HEAD] - points[:, 1]
        features: Points = np.concatenate([2.5 * face, shoulders, hips, 1.5 * head], 1) / unit
        return features

    a, b = shape(target), shape(source)
    cost: Points = 0.8 * np.linalg.norm(a[:, None] - b[None], axis=-1)
    return cost


def _indices(layer: Layer) -> list[int]:
    if layer is TRUNK:
        return [0, 1, 2, 5, 8, 11]
    return sorted({k for name in layer.bones if name != "hips"
                   for k in (BONE[name].a, BONE[name].b)})  # fmt: skip


def _unseen_cost(
    layer: Layer,
    source: FullSkeleton,
    target: FullSkeleton,
    candidates: NDArray[np.int64],
    size: tuple[int, int],
) -> Points:
    """Joints that the target shows and a source frame does not, [target frames, candidates]."""
    indices = _indices(layer)
    wanted = in_picture(target.points[:, indices], size, -10.0).astype(np.float64)
    points = source.points[candidates][:, indices]
    lacking = 1.5 * ~source.seen[candidates][:, indices] + 4.0 * ~in_picture(points, size)
    if layer in LEGS:
        # A leg cut off by the picture is continued well; a foot seen end-on makes no leg.
        lacking[:, [k in _FEET for k in indices]] *= 0.2
    cost: Points = wanted @ lacking.T / len(indices)
    return cost


def _frame_cost(
    layer: Layer,
    source: FullSkeleton,
    candidates: NDArray[np.int64],
    overlaps: dict[str, Points],
) -> Points:
    """What is wrong with each candidate frame whatever the target is, [candidates]."""
    step = np.gradient(source.points, axis=0) if len(source.points) > 1 else 0 * source.points
    moved = step[candidates][:, _indices(layer)]
    cost: Points = 2.0 * np.linalg.norm(moved, axis=-1).mean(1) / source.unit
    if layer in ARMS:
        cost = cost + 1.2 * overlaps[layer.name]
    if layer is TRUNK:
        cost = cost + 1.0 * sum(overlaps.values())
    return cost


def _steady_path(cost: Points, switch: float) -> NDArray[np.int64]:
    """Cheapest path of columns through cost [frames, candidates]; each change costs `switch`."""
    frames, count = cost.shape
    total = cost[0].copy()
    came = np.zeros((frames, count), np.int64)
    for i in range(1, frames):
        best = int(np.argmin(total))
        change = total[best] + switch
        came[i] = np.where(total <= change, np.arange(count), best)
        total = np.minimum(total, change) + cost[i]
    path = np.empty(frames, np.int64)
    path[-1] = int(np.argmin(total))
    for i in range(frames - 1, 0, -1):
        path[i - 1] = came[i, path[i]]
    return path
