"""Which frames of the clip show a surface as the target wants it, best first, steady over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.bones import BONE, in_picture, overlap_of_arm
from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.skirt import Skirt, lay
from mf_backend.body.surfaces.names import (
    ARMS,
    HEAD,
    LEGS,
    SKIRT,
    TRUNK,
    Kind,
    Surface,
    surfaces_of,
)
from mf_backend.body.whole_skeleton import HEAD as HEAD_POINT
from mf_backend.body.whole_skeleton import (
    LEFT_TOE,
    MID_HIP,
    RIGHT_TOE,
    FullSkeleton,
    Points,
)

Indices = NDArray[np.int64]
Overlaps = dict[tuple[str, tuple[str, ...]], Points]
"""[candidates] how much of an arm (by name) lies over some bones."""

_SWITCH = 0.35
"""What changing to quite another picture of a surface costs."""
_LEAST_SWITCH = 0.15
_ALIKE = 0.6
"""Unlikeness of two frames from which a change between them costs all of it."""
_BODY, _THIGHS = ("shoulders", "head"), ("right_thigh", "left_thigh")
_FEET = (10, 13, RIGHT_TOE, LEFT_TOE)
_FACE = (0, 14, 15, 16, 17)


@dataclass(frozen=True)
class Choice:
    """Frames for one surface."""

    first: Indices
    """[target frames] the frame that shows it best, steady over time."""
    cost: Points
    """[target frames, candidates] how unlike each candidate is."""
    apart: Points
    """[candidates, candidates] how unlike they are to each other."""


def choose(
    source: FullSkeleton,
    target: FullSkeleton,
    widths: BodyWidths,
    candidates: Indices,
    size: tuple[int, int],
    ratio: float,
) -> dict[str, Choice]:
    """A choice for each surface, by name.

    `candidates` are the frames that have a usable mask, `size` (width, height) of the clip,
    `ratio` source pixels for one target pixel.
    """
    overlaps: Overlaps = {
        (arm.name, where): np.array([
            overlap_of_arm(source.points[j], widths, arm.bones, where) for j in candidates
        ])
        for arm in ARMS for where in (_BODY, _THIGHS)
    }  # fmt: skip
    shots = source.points[candidates]
    out = {}
    for surface in surfaces_of(widths):
        cost = _pose_cost(surface, shots, target.points, ratio, size, widths.skirt)
        cost = cost + _frame_cost(surface, source, candidates, overlaps)[None]
        cost = cost + _unseen_cost(surface, source, target, candidates, size)
        apart = _pose_cost(surface, shots, shots, 1.0, size, widths.skirt)
        apart = (apart + apart.T) / 2
        change = _SWITCH * np.clip(_LEAST_SWITCH + apart / _ALIKE, 0, 1)
        np.fill_diagonal(change, 0)
        out[surface.name] = Choice(candidates[_steady_path(cost, change)], cost, apart)
    return out


def _pose_cost(
    surface: Surface, source: Points, target: Points, ratio: float, size: tuple[int, int],
    skirt: Skirt | None,
) -> Points:  # fmt: skip
    """How unlike the pose is, [target frames, source frames]; `skirt` in the source's pixels."""
    if surface.kind is Kind.HEAD:
        return 0.8 * _apart(_head_shape(target), _head_shape(source))
    if surface.kind is Kind.TRUNK:
        return 0.8 * _apart(_trunk_shape(target), _trunk_shape(source))
    if surface.kind is Kind.SKIRT and skirt is not None:
        there = _skirt_shape(target, skirt.scaled(1 / ratio))
        return 0.8 * _apart(there, _skirt_shape(source, skirt))
    s, t = _vectors(source, surface)[None], _vectors(target, surface)[:, None]
    ls, lt = (np.linalg.norm(v, axis=-1) for v in (s, t))
    # A short source limb blown up is worse than a long one folded.
    stretch = np.log(np.maximum(ls, 3) / np.maximum(lt * ratio, 3))
    stretch = np.where(stretch < 0, -1.6 * stretch, stretch)
    zs, zt = (v @ (1, 1j) for v in (s, t))
    turned = np.abs(np.angle(zs * zt.conj()))
    bend_s, bend_t = (z[..., 1:] * z[..., :-1].conj() for z in (zs, zt))
    bend = np.abs(np.angle(bend_s * bend_t.conj()))
    # Bones outside the picture need no source.
    shown = np.stack([in_picture(target[:, BONE[b].b], size, -20.0) for b in surface.bones], -1)
    shown = shown[:, None]
    cost: Points = (
        1.2 * (shown * stretch)[..., :2].sum(-1)
        + 0.3 * shown[..., 1] * bend[..., 0]
        + 0.12 * shown[..., 2] * bend[..., 1]
        + 0.12 * (shown * turned)[..., :2].sum(-1)
    )
    return cost


def _apart(a: Points, b: Points) -> Points:
    distance: Points = np.linalg.norm(a[:, None] - b[None], axis=-1)
    return distance


def _torso(points: Points) -> Points:
    unit = np.linalg.norm(points[:, MID_HIP] - points[:, 1], axis=-1)
    least = max(1.0, 0.5 * float(np.median(unit)))
    return np.asarray(np.maximum(unit, least)[:, None], np.float64)


def _trunk_shape(points: Points) -> Points:
    shoulders = points[:, 5] - points[:, 2]
    hips = points[:, 11] - points[:, 8]
    head = points[:, HEAD_POINT] - points[:, 1]
    shape: Points = np.concatenate([shoulders, hips, 0.5 * head], 1) / _torso(points)
    return shape


def _head_shape(points: Points) -> Points:
    face = (points[:, _FACE] - points[:, [HEAD_POINT]]).reshape(len(points), -1)
    head = points[:, HEAD_POINT] - points[:, 1]
    shape: Points = np.concatenate([2.5 * face, 1.0 * head], 1) / _torso(points)
    return shape


def _skirt_shape(points: Points, skirt: Skirt) -> Points:
    """Where the cloth's middle and its right edge lie at a few heights, and which way it faces."""
    shares = np.linspace(0, skirt.hem, 3)
    edges = []
    for one in points:
        levels = lay(one, skirt)
        ends = [levels.spots(shares, side * np.ones(3)) - one[MID_HIP] for side in (0, 1)]
        edges.append(np.concatenate(ends).ravel())
    faces = points[:, 11] - points[:, 8]
    shape: Points = np.concatenate([np.stack(edges), faces], 1) / _torso(points)
    return shape


def _vectors(points: Points, surface: Surface) -> Points:
    """Bone vectors [..., bones, 2]."""
    bones = [BONE[name] for name in surface.bones]
    vectors: Points = np.stack([points[..., b.b, :] - points[..., b.a, :] for b in bones], -2)
    return vectors


def _indices(surface: Surface) -> list[int]:
    if surface is TRUNK:
        return [1, 2, 5, 8, 11]
    if surface is HEAD:
        return [0, 1]
    if surface is SKIRT:
        return [8, 9, 11, 12]
    return list(surface.points)


def _unseen_cost(
    surface: Surface,
    source: FullSkeleton,
    target: FullSkeleton,
    candidates: Indices,
    size: tuple[int, int],
) -> Points:
    """Joints that the target shows and a source frame does not, [target frames, candidates]."""
    indices = _indices(surface)
    wanted = in_picture(target.points[:, indices], size, -10.0).astype(np.float64)
    points = source.points[candidates][:, indices]
    lacking = 1.5 * ~source.seen[candidates][:, indices] + 4.0 * ~in_picture(points, size)
    if surface in LEGS:
        # A leg cut off by the picture is continued well; a foot seen end-on makes no leg.
        lacking[:, [k in _FEET for k in indices]] *= 0.2
    cost: Points = wanted @ lacking.T / len(indices)
    return cost


def _frame_cost(
    surface: Surface, source: FullSkeleton, candidates: Indices, overlaps: Overlaps
) -> Points:
    """What is wrong with each candidate frame whatever the target is, [candidates]."""
    step = np.gradient(source.points, axis=0) if len(source.points) > 1 else 0 * source.points
    moved = step[candidates][:, _indices(surface)]
    cost: Points = 2.0 * np.linalg.norm(moved, axis=-1).mean(1) / source.unit
    if surface in ARMS:
        return cost + overlaps[surface.name, _BODY] + overlaps[surface.name, _THIGHS]
    where = _THIGHS if surface in LEGS or surface is SKIRT else _BODY
    cost = cost + 0.6 * np.sum([overlaps[arm.name, where] for arm in ARMS], axis=0)
    return cost


def _steady_path(cost: Points, change: Points) -> Indices:
    """Cheapest path of columns through cost [frames, candidates]; `change` [from, to]."""
    frames, count = cost.shape
    total = cost[0].copy()
    came = np.zeros((frames, count), np.int64)
    for i in range(1, frames):
        steps = total[:, None] + change
        came[i] = np.argmin(steps, axis=0)
        total = steps[came[i], np.arange(count)] + cost[i]
    path = np.empty(frames, np.int64)
    path[-1] = int(np.argmin(total))
    for i in range(frames - 1, 0, -1):
        path[i - 1] = came[i, path[i]]
    return path
