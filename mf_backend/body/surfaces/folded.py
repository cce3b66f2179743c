"""Which bone of a folded arm is seen where the arm lies over itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.bones import BONE, NUMBER, Bone
from mf_backend.body.surfaces.names import ARMS
from mf_backend.body.whole_skeleton import Points

Floats = NDArray[np.float32]

_OVER = 1.0
"""Half widths about two bones within which one covers the other."""
_NEARER = 0.06
"""Torso lengths by which a bone has to be nearer to the camera to be sure to cover another: about
an elbow both are equally near."""
_NECK, _HIPS = 1, (8, 11)


def seen_of_folded_arms(
    label: NDArray[Any], near: dict[str, Floats], points: Points, world: NDArray[Any],
    x: Floats, y: Floats,
) -> NDArray[Any]:  # fmt: skip
    """`label` [h, w] (NUMBER of what a pixel belongs to) with the bone in front where two bones of
    one arm lie over each other; as it was where `world` does not tell.

    `near` are the pixels' distances from bones in half widths, `points` [24, 2] the skeleton,
    `world` [60, 3] its joints in metres, z away from the camera, and x, y [h, w] the places of
    the pixels.
    """
    depth = depths(np.asarray(world, np.float64))
    if depth is None:
        return label
    out = label
    for arm in ARMS:
        upper, *others = (BONE[name] for name in arm.bones)
        mine = np.isin(label, [NUMBER[name] for name in arm.bones])
        root = _depth_along(upper, points, depth, x, y)
        for bone in others:
            both = mine & (near[upper.name] < _OVER) & (near[bone.name] < _OVER)
            deeper = _depth_along(bone, points, depth, x, y) - root
            out = np.where(both & (deeper < -_NEARER), NUMBER[bone.name], out)
            out = np.where(both & (deeper > _NEARER), NUMBER[upper.name], out)
    return out


def depths(world: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Depth of the joints 0..17 of `world` [60, 3] in torso lengths, NaN where unknown; None
    without a torso."""
    torso = float(np.linalg.norm(world[list(_HIPS)].mean(0) - world[_NECK]))
    return world[:18, 2] / torso if np.isfinite(torso) and torso > 1e-6 else None


def _depth_along(
    bone: Bone, points: Points, depth: NDArray[np.float64], x: Floats, y: Floats
) -> Floats:
    """Depth of a bone beside each pixel; a hand's is its wrist's."""
    a, along = points[bone.a], points[bone.b] - points[bone.a]
    first = depth[bone.a]
    last = depth[bone.b] if bone.b < len(depth) else first
    t = ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / max(float(along @ along), 1e-6)
    return np.asarray(first + np.clip(t, 0, 1) * (last - first), np.float32)
