"""Which joints of an actor's rig were moved, and where to, in the clip's pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import BODY, JOINT_INDEX, LEFT_HAND, RIGHT_HAND

from .bones import BONES

Array = NDArray[np.float64]

_LEAST = 1.0
"""Pixels of a picture of 512 by which a joint has to move: less is not meant."""
_REFERENCE = 512.0
_NECK, _RIGHT, _LEFT = (JOINT_INDEX[name] for name in ("neck", "right_shoulder", "left_shoulder"))


def joint_ends() -> dict[int, tuple[str, bool]]:
    """(bone, whether at its tail) of every joint but the neck and the hands' wrists."""
    ends: dict[int, tuple[str, bool]] = {}
    for bone in BONES:
        for point, tail in ((bone.head, False), (bone.tail, True)):
            if point in JOINT_INDEX:
                ends.setdefault(JOINT_INDEX[point], (bone.name, tail))
    return ends


def whole(joints: Array) -> Array:
    """Joints [n, 60, 2] with the neck between the shoulders and the hands' wrists on the arms'."""
    result = joints.copy()
    result[:, _NECK] = (joints[:, _RIGHT] + joints[:, _LEFT]) / 2
    result[:, LEFT_HAND.start] = joints[:, JOINT_INDEX["left_wrist"]]
    result[:, RIGHT_HAND.start] = joints[:, JOINT_INDEX["right_wrist"]]
    return result


def moved(
    now: Array, before: Array, found: Array, size: tuple[int, int]
) -> dict[int, dict[int, tuple[float, float]]]:
    """By frame and joint where each moved joint is now.

    `now`, `before` [n, 60, 2] are the rig's joints, `found` the actor's, NaN absent. A joint that
    the actor does not have counts only inside a picture of `size` (width, height), and of a hand
    that he does not have none: a rig has hands that nobody saw.
    """
    least = _LEAST * max(size) / _REFERENCE
    apart = np.linalg.norm(now - before, axis=-1)
    inside = ((now >= -0.5) & (now < np.array(size) - 0.5)).all(axis=-1)
    known = np.isfinite(found).all(axis=-1)
    absent_body = np.zeros_like(known)
    absent_body[:, BODY] = inside[:, BODY] & ~known[:, BODY]
    counts = (known | absent_body) & (apart > least)
    counts[:, _NECK] = False
    result: dict[int, dict[int, tuple[float, float]]] = {}
    for frame, joint in np.argwhere(counts):
        x, y = now[frame, joint]
        result.setdefault(int(frame), {})[int(joint)] = (float(x), float(y))
    return result
