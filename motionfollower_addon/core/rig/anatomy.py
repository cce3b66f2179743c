"""What a rest pose tells about a rig: joint positions, and whether it is a person at all."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .bones import Bone
from .mapping import Anchor, End, Mapping

Array = NDArray[np.float64]

# A finger's last phalanx, in lengths of the one before it.
TIP_LENGTH = 0.8
# A tail counts as the finger's tip if it points no farther than this from the finger (cosine).
_TIP_DIRECTION = 0.5


def anchor_position(anchor: Anchor, bones: dict[str, Bone]) -> Array | None:
    """Rest position [3] of an anchor in armature space; None where it is not known."""
    bone = bones.get(anchor.bone)
    if bone is None or bone.head is None or bone.tail is None:
        return None
    head, tail = np.array(bone.head, float), np.array(bone.tail, float)
    if anchor.end is End.HEAD:
        return head
    if anchor.end is End.TAIL:
        return tail
    parent = bones.get(bone.parent)
    if parent is None or parent.head is None:
        return tail
    before = head - np.array(parent.head, float)
    length, own = float(np.linalg.norm(before)), float(np.linalg.norm(tail - head))
    if length < 1e-9 or (tail - head) @ before >= _TIP_DIRECTION * length * own > 0:
        return tail
    tip: Array = head + TIP_LENGTH * before
    return tip


def rest_positions(mapping: Mapping, bones: Iterable[Bone]) -> dict[str, Array]:
    """Rest position [3] of every mapped joint whose bone is known, in armature space."""
    by_name = {bone.name: bone for bone in bones}
    positions = {}
    for joint, anchor in mapping.joints.items():
        position = anchor_position(anchor, by_name)
        if position is not None:
            positions[joint] = position
    return positions


def _cosine(a: Array, b: Array) -> float:
    return float(a @ b / max(float(np.linalg.norm(a) * np.linalg.norm(b)), 1e-12))


def why_not_human(mapping: Mapping, bones: Iterable[Bone]) -> str:
    """The end of a sentence about a rig that is no person; empty where nothing speaks against it.

    A quadruped rests with its trunk across its legs and its forelegs along its hind legs. Needs
    the rest pose; with bare names nothing is refused.
    """
    rest = rest_positions(mapping, bones)
    try:
        middle = {
            name: (rest[f"right_{name}"] + rest[f"left_{name}"]) / 2
            for name in ("shoulder", "wrist", "hip", "ankle")
        }
    except KeyError:
        return ""
    legs = middle["ankle"] - middle["hip"]
    trunk = middle["shoulder"] - middle["hip"]
    arms = middle["wrist"] - middle["shoulder"]
    if abs(_cosine(trunk, legs)) < 0.6 and _cosine(arms, legs) > 0.7:
        return "stands on four legs; MotionFollower needs the rig of a person."
    return ""
