"""How every bone of an actor's rig turns, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..lifting.whole import Lifted
from .bones import BONES, ROOT, RigBone, moving_points, rest_points

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Posed:
    """A rig's rest pose and its motion over `n` frames, in the world."""

    rest: dict[str, tuple[Array, Array]]
    """Head and tail [3] of every bone at rest."""
    turns: dict[str, Array]
    """[n, 3, 3] from rest to the frame's pose, by bone."""
    root: Array
    """[n, 3] the way of the root's head from rest."""


def _unit(vectors: Array) -> Array:
    unit: Array = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return unit


def _frames(way: Array, across: Array) -> Array:
    """Axes as columns [n, 3, 3]: along `way` [n, 3], and across it as near `across` as can be."""
    y = _unit(way)
    x = _unit(across - (across * y).sum(-1, keepdims=True) * y)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def swings(start: Array, end: Array) -> Array:
    """The smallest turns [n, 3, 3] that bring unit vectors [n, 3] to others."""
    axis = np.cross(start, end)
    cosine = (start * end).sum(-1)
    cross = np.zeros((len(start), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2] = -axis[:, 2], axis[:, 1]
    cross[:, 1, 0], cross[:, 1, 2] = axis[:, 2], -axis[:, 0]
    cross[:, 2, 0], cross[:, 2, 1] = -axis[:, 1], axis[:, 0]
    safe = np.maximum(1 + cosine, 1e-9)[:, None, None]
    turned: Array = np.eye(3) + cross + cross @ cross / safe
    for t in np.flatnonzero(cosine < -0.999999):
        # Opposite ways: half a turn about anything across.
        other = np.cross(start[t], np.eye(3)[np.abs(start[t]).argmin()])
        other = other / np.linalg.norm(other)
        turned[t] = 2 * np.outer(other, other) - np.eye(3)
    return turned


def pose(lifted: Lifted, scale: float) -> Posed:
    """The rig of a lifted actor."""
    rest, moving = rest_points(lifted, scale), moving_points(lifted)
    count = len(lifted.points)
    turns: dict[str, Array] = {}
    for bone in BONES:
        before = turns.get(bone.parent, np.broadcast_to(np.eye(3), (count, 3, 3)))
        turns[bone.name] = before if bone.still else _turn(bone, before, rest, moving)
    ends = {bone.name: (rest[bone.head], rest[bone.tail]) for bone in BONES}
    return Posed(ends, turns, moving["pelvis"] - rest["pelvis"])


def _turn(bone: RigBone, before: Array, rest: dict[str, Array], moving: dict[str, Array]) -> Array:
    way = rest[bone.tail] - rest[bone.head]
    if bone.tail in moving:
        wanted = moving[bone.tail] - moving[bone.head]
    elif bone.name.startswith("foot"):
        wanted = _foot(bone, rest, moving, before)
    else:
        # Nothing tells where it points: as its parent carries it.
        wanted = before @ way
    if bone.turned is None:
        return swings(_unit(before @ way), _unit(wanted)) @ before
    start, end = bone.turned
    own = _frames(way[None], (rest[end] - rest[start])[None])
    return _frames(wanted, moving[end] - moving[start]) @ np.swapaxes(own, 1, 2)


def _foot(bone: RigBone, rest: dict[str, Array], moving: dict[str, Array], before: Array) -> Array:
    """A foot square to its shin, towards where the hips look: the picture has no toes."""
    shin = before @ np.array([0.0, 0.0, -1.0])
    left = moving["left_hip"] - moving["right_hip"]
    ahead = np.cross(left, moving["waist"] - moving["pelvis"])
    ahead = _unit(ahead - (ahead * shin).sum(-1, keepdims=True) * shin)
    way = rest[bone.tail] - rest[bone.head]
    foot: Array = -way[1] * ahead - way[2] * shin
    return foot


def quaternions(posed: Posed, axes: dict[str, Array]) -> dict[str, Array]:
    """Each bone's own rotation [n, 4] (w, x, y, z), from its axes [3, 3] at rest as columns."""
    result = {}
    for bone in BONES:
        own = posed.turns[bone.name]
        if bone.parent:
            own = np.swapaxes(posed.turns[bone.parent], 1, 2) @ own
        rest = axes[bone.name]
        result[bone.name] = _steady(_quaternion(rest.T @ own @ rest))
    return result


def root_locations(posed: Posed, axes: dict[str, Array]) -> Array:
    """The root bone's location [n, 3] in its own axes at rest."""
    locations: Array = posed.root @ axes[ROOT]
    return locations


def _quaternion(turns: Array) -> Array:
    """Rotations [n, 3, 3] as quaternions [n, 4], worked out from the largest part of each."""
    m = turns
    trace = np.trace(m, axis1=1, axis2=2)
    squares = np.stack([trace, m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]], axis=1)
    whole = np.empty((len(m), 4, 4))
    # Four times the products of a quaternion's parts.
    whole[:, 0, 0] = 1 + trace
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        whole[:, i + 1, i + 1] = 1 + 2 * m[:, i, i] - trace
        whole[:, 0, i + 1] = whole[:, i + 1, 0] = m[:, k, j] - m[:, j, k]
        whole[:, j + 1, k + 1] = whole[:, k + 1, j + 1] = m[:, j, k] + m[:, k, j]
    best = squares.argmax(axis=1)
    return _unit(whole[np.arange(len(m)), best])


def _steady(values: Array) -> Array:
    """Quaternions [n, 4] with signs so that each is near to the one before."""
    turned = (values[1:] * values[:-1]).sum(axis=1) < 0
    sign = np.where(np.cumsum(np.concatenate([[False], turned])) % 2 == 1, -1.0, 1.0)
    steadied: Array = values * sign[:, None]
    return steadied
