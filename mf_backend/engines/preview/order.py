"""In which order the actor's surfaces lie over one another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.bones import BONE, bone_distance
from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.surfaces.folded import depths
from mf_backend.body.surfaces.names import ARMS, HEAD, LEGS, SKIRT, TRUNK, Surface
from mf_backend.body.whole_skeleton import Points

_BEHIND = 0.12
"""Torso lengths by which an arm has to lie deeper than the body to be drawn behind it."""
_BEFORE = 0.35
"""Torso lengths by which a knee has to lie nearer than the hips to be drawn before the body."""
_NEAR = 1.2
"""Half widths from the body's middle within which a limb lies over or under it."""
_NECK, _HIPS = 1, (8, 11)


def drawing_order(
    points: Points, widths: BodyWidths, positions: NDArray[Any] | None = None
) -> tuple[Surface, ...]:
    """Surfaces from back to front for a target skeleton [24, 2].

    `positions` [60, 3] are its joints in metres, z away from the camera; where they are unknown,
    the lower foot and the hand nearer the body count as nearer, and arms lie before the body. A
    skirt lies over both legs.
    """
    order = _bare_order(points, widths, positions)
    if widths.skirt is None:
        return order
    last = max(order.index(leg) for leg in LEGS)
    return (*order[: last + 1], SKIRT, *order[last + 1 :])


def _bare_order(
    points: Points, widths: BodyWidths, positions: NDArray[Any] | None
) -> tuple[Surface, ...]:
    """Everything but a skirt."""
    depth = None if positions is None else _depths(np.asarray(positions, np.float64))
    if depth is None:
        legs = LEGS if points[10, 1] <= points[13, 1] else LEGS[::-1]
        out = [abs(points[wrist, 0] - points[1, 0]) for wrist in (4, 7)]
        arms = ARMS if out[0] >= out[1] else ARMS[::-1]
        return (*legs, TRUNK, HEAD, *arms)
    legs_by_depth, arms_by_depth = (
        sorted(pair, key=lambda limb: -float(np.mean(depth[list(limb.points[1:3])])))
        for pair in (LEGS, ARMS)
    )
    raised = [leg for leg in legs_by_depth if _lies(leg, points, widths, depth) < -_BEFORE]
    hidden = [arm for arm in arms_by_depth if _lies(arm, points, widths, depth) > _BEHIND]
    return (
        *hidden,
        *(leg for leg in legs_by_depth if leg not in raised),
        TRUNK,
        HEAD,
        *raised,
        *(arm for arm in arms_by_depth if arm not in hidden),
    )


def _depths(positions: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Depth of the joints 0..13 in torso lengths; None where one of the limbs has none."""
    found = depths(positions)
    if found is None or not np.isfinite(found[1:14]).all():
        return None
    depth = found[:14]
    depth[0] = depth[0] if np.isfinite(depth[0]) else depth[_NECK]
    return depth


def _lies(limb: Surface, points: Points, widths: BodyWidths, depth: NDArray[np.float64]) -> float:
    """Torso lengths by which a limb lies deeper than the body where it crosses it; else 0."""
    a, b, c = limb.points[:3]
    share = np.linspace(0, 1, 5)[:, None]
    path = np.concatenate([points[a] + share[2:] * (points[b] - points[a]),
                           points[b] + share[1:] * (points[c] - points[b])])  # fmt: skip
    deep = np.concatenate([depth[a] + share[2:, 0] * (depth[b] - depth[a]),
                           depth[b] + share[1:, 0] * (depth[c] - depth[b])])  # fmt: skip
    x, y = path[:, 0].astype(np.float32), path[:, 1].astype(np.float32)
    trunk = bone_distance(points, BONE["shoulders"], widths, x, y)
    head = bone_distance(points, BONE["head"], widths, x, y)
    hips = float(depth[list(_HIPS)].mean())
    along = points[list(_HIPS)].mean(0) - points[_NECK]
    t = np.clip((path - points[_NECK]) @ along / max(float(along @ along), 1e-6), 0, 1)
    body = np.where(head < trunk, (depth[0] + depth[_NECK]) / 2,
                    depth[_NECK] + t * (hips - depth[_NECK]))  # fmt: skip
    crossing = np.minimum(trunk, head) < _NEAR
    return float((deep - body)[crossing].mean()) if crossing.any() else 0.0
