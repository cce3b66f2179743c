"""From MediaPipe's 33 landmarks to the 18 body joints, as the skeleton pictures define them.

MediaPipe places some joints elsewhere than DWPose does (hips higher and further out, ears
further back). Each joint is moved by a weighted sum of vectors between landmarks near it, so that
the correction turns, mirrors and grows with the person. The weights were fitted on the reference
cases by tests/quality/fit_pose_correction.py.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints.pose_models import PoseModel

Floats = NDArray[np.float64]
Place = int | tuple[int, int]
"""A landmark, or the middle of two."""

_SHOULDERS, _HIPS = (11, 12), (23, 24)
_NECK = 1
_LANDMARK_OF = (0, -1, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)
"""Landmark of each body joint; the neck is the middle of the shoulders."""
LEFT_OF = {2: 5, 3: 6, 4: 7, 8: 11, 9: 12, 10: 13, 14: 15, 16: 17}
"""Right body joint: left one; they share weights."""
_TORSO: tuple[Place, Place] = (_SHOULDERS, _HIPS)
_ACROSS: tuple[Place, Place] = (12, 11)
_ACROSS_HIPS: tuple[Place, Place] = (24, 23)
_NOD: tuple[Place, Place] = (0, _SHOULDERS)

VECTORS: dict[int, tuple[tuple[Place, Place], ...]] = {
    0: (_TORSO, _NOD),
    1: (_TORSO, _NOD),
    2: (_TORSO, _ACROSS, (12, 14), _NOD),
    3: ((12, 14), (14, 16), _TORSO),
    4: ((14, 16), (16, 20), (16, 18), _TORSO),
    8: (_TORSO, _ACROSS, _ACROSS_HIPS, (24, 26)),
    9: ((24, 26), (26, 28), _TORSO, _ACROSS_HIPS),
    14: (_TORSO, (5, 8), (7, 8), (0, 5), _NOD),
    16: (_TORSO, (5, 8), (7, 8), (0, 8), _NOD),
}
"""Vectors (from, to) that move each right (or middle) joint; the left ones are their mirror."""


def _mirror(place: Place) -> Place:
    if isinstance(place, tuple):
        return place
    if place == 0:
        return 0
    if place <= 6:
        return place + 3 if place <= 3 else place - 3
    return place + 1 if place % 2 else place - 1


def _at(points: Floats, place: Place) -> Floats:
    if isinstance(place, tuple):
        middle: Floats = (points[..., place[0], :] + points[..., place[1], :]) / 2
        return middle
    return points[..., place, :]


def plain_body(points: Floats) -> Floats:
    """Body joints [..., 18, 2] taken straight from landmarks [..., 33, 2]."""
    body: Floats = points[..., [max(0, index) for index in _LANDMARK_OF], :].copy()
    body[..., _NECK, :] = _at(points, _SHOULDERS)
    return body


def plain_values(values: Floats, worst: bool) -> Floats:
    """Per-joint values [..., 18] from per-landmark ones [..., 33]; the neck takes the worse
    shoulder's: the larger one if `worst`, else the smaller."""
    body: Floats = values[..., [max(0, index) for index in _LANDMARK_OF]].copy()
    pick = np.maximum if worst else np.minimum
    body[..., _NECK] = pick(values[..., _SHOULDERS[0]], values[..., _SHOULDERS[1]])
    return body


def features(points: Floats, joint: int, left: bool) -> Floats:
    """The vectors of a joint [..., 2, n]; for the left joint of a pair, mirrored landmarks."""
    ends = [(_mirror(a), _mirror(b)) if left else (a, b) for a, b in VECTORS[joint]]
    return np.stack([_at(points, b) - _at(points, a) for a, b in ends], axis=-1)


@cache
def weights(model: PoseModel) -> dict[int, Any]:
    """Fitted weights of each joint's vectors."""
    file = resources.files("mf_backend.actor.joints").joinpath("pose_correction.json")
    table = json.loads(file.read_text(encoding="utf-8"))["weights"][str(model)]
    return {int(joint): np.array(values, np.float64) for joint, values in table.items()}


def body_joints(points: Floats, table: dict[int, Any]) -> Floats:
    """Corrected body joints [..., 18, 2] from landmarks [..., 33, 2], in the same pixels."""
    body = plain_body(points)
    for joint, factors in table.items():
        body[..., joint, :] += features(points, joint, False) @ factors
        if joint in LEFT_OF:
            body[..., LEFT_OF[joint], :] += features(points, joint, True) @ factors
    return body
