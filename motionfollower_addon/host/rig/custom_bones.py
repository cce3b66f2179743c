"""The user's own bone list, kept on the armature object and so in the .blend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mf_backend.contracts.errors import InputError

from ... import ids
from ...core.rig.mapping import MAPPABLE, REQUIRED, Anchor, End, Mapping, joint_label

FAMILY = "custom"


def rows(armature: Any) -> Any:
    """The list's rows: joint, bone, end. Empty where the user made none."""
    return getattr(armature, ids.BONES_PROPERTY)


def key(armature: Any) -> Iterable[tuple[str, str, str]]:
    """What the list says, for noticing changes."""
    return tuple((row.joint, row.bone, row.end) for row in rows(armature))


def read(armature: Any) -> Mapping | None:
    """The list as a mapping; None where there is none. Rows without a bone are left out."""
    if not len(rows(armature)):
        return None
    joints = {
        row.joint: Anchor(row.bone, End(row.end.lower())) for row in rows(armature) if row.bone
    }
    return Mapping(FAMILY, "Own list", joints)


def write(armature: Any, mapping: Mapping) -> None:
    """Replace the list by a mapping: a row for every joint, needed ones first."""
    if armature.library is not None:
        raise InputError(
            "rig-linked",
            f"The armature {armature.name!r} is linked from another file and cannot be changed.",
            "Make a library override of it.",
        )
    clear(armature)
    order = (*REQUIRED, *(joint for joint in MAPPABLE if joint not in REQUIRED))
    for joint in order:
        anchor = mapping.joints.get(joint)
        row = rows(armature).add()
        row.name = joint_label(joint)
        row.joint = joint
        row.bone = anchor.bone if anchor is not None else ""
        row.end = (anchor.end if anchor is not None else End.HEAD).name


def clear(armature: Any) -> None:
    """Forget the list; bones are detected again."""
    rows(armature).clear()
