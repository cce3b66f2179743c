"""Bones of an armature object as the mapping wants them."""

from __future__ import annotations

from typing import Any

from ...core.rig.bone_maps import Detection, detect
from ...core.rig.bones import Bone


def bones_of(armature: Any) -> tuple[Bone, ...]:
    """Every bone of an armature object in its rest pose, in armature space."""
    return tuple(
        Bone(
            name=bone.name,
            parent=bone.parent.name if bone.parent else "",
            head=tuple(bone.head_local),
            tail=tuple(bone.tail_local),
        )
        for bone in armature.data.bones
    )


def detect_armature(armature: Any) -> Detection:
    """Which naming family fits an armature object."""
    return detect(bones_of(armature))
