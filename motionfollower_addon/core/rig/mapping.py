"""Which bone gives which joint of one armature; a frozen value that is saved as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import write_json
from mf_backend.skeleton.joints import BODY_JOINTS, FINGERS, JOINT_NAMES

SCHEMA = 1
_OTHER_FILE = "Choose a file that Save Bones wrote."
_LARGEST = 4 << 20
"""Bytes that a list of bones may have."""

REQUIRED = tuple(
    f"{side}_{joint}"
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("right", "left")
)
"""Joints without which there is no skeleton to draw."""

# The neck is the middle of the shoulders and a hand's wrist is the body's, so neither is mapped.
# Head and toe give the head's axes and the way a rig faces.
MAPPABLE = (
    *(name for name in BODY_JOINTS if name != "neck"),
    "head",
    "right_toe",
    "left_toe",
    *(name for name in JOINT_NAMES if "_hand_" in name and not name.endswith("_wrist")),
)
"""Every joint that a mapping may name a bone for."""


class End(StrEnum):
    """Which point of a bone a joint sits at."""

    HEAD = "head"
    TAIL = "tail"
    TIP = "tip"
    """The far end of a finger whose last bone may point anywhere (importers guess its tail)."""


@dataclass(frozen=True)
class Anchor:
    """One end of one bone."""

    bone: str
    end: End = End.HEAD


@dataclass(frozen=True)
class Mapping:
    """The anchors of one armature's joints. `guessed` joints came from hierarchy and symmetry."""

    family: str
    label: str
    joints: MappingType[str, Anchor] = field(default_factory=dict)
    guessed: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """Required joints that no bone is named for."""
        return tuple(name for name in REQUIRED if name not in self.joints)

    def with_joint(self, joint: str, anchor: Anchor | None) -> Mapping:
        """The same with one joint's bone replaced, or removed for None."""
        joints = {name: value for name, value in self.joints.items() if name != joint}
        if anchor is not None:
            joints[joint] = anchor
        return dataclasses.replace(self, joints=joints)


def other_side(joint: str) -> str:
    """The joint of the other side ("left_knee" for "right_knee"), or itself in the middle."""
    if joint.startswith("left_"):
        return "right_" + joint.removeprefix("left_")
    if joint.startswith("right_"):
        return "left_" + joint.removeprefix("right_")
    return joint


def joint_label(joint: str) -> str:
    """A joint's name as a person reads it: "left shoulder", "right index finger 2"."""
    words = joint.replace("_hand_", "_").split("_")
    if len(words) == 3 and words[1] in FINGERS and words[1] != "thumb":
        words.insert(2, "finger")
    return " ".join(words)


def save(mapping: Mapping, path: Path) -> None:
    """Write a mapping as JSON. Raises OutputError where the disk refuses."""
    joints = {
        name: {"bone": anchor.bone, "end": str(anchor.end)}
        for name, anchor in mapping.joints.items()
    }
    write_json(
        path,
        {
            "schema": SCHEMA,
            "family": mapping.family,
            "label": mapping.label,
            "guessed": mapping.guessed,
            "joints": joints,
        },
    )


def load(path: Path) -> Mapping:
    """Read a mapping that `save` wrote. Raises InputError where it is none."""
    try:
        value = read_json(path, _LARGEST)
    except ValueError as error:
        raise InputError(
            "mapping-unreadable", f"{path} cannot be read: {error}.", _OTHER_FILE
        ) from None
    return from_dict(value, path.name)


def from_dict(value: Any, where: str) -> Mapping:
    """Check and build a mapping from its JSON form; `where` names it in errors."""
    if not isinstance(value, dict) or not isinstance(value.get("joints"), dict):
        raise InputError("mapping-invalid", f"{where} holds no bone list.", _OTHER_FILE)
    if value.get("schema", SCHEMA) != SCHEMA:
        raise InputError(
            "mapping-schema",
            f"{where} was written by a newer version of the add-on.",
            "Update the add-on.",
        )
    joints: dict[str, Anchor] = {}
    for name, entry in value["joints"].items():
        bone = entry.get("bone") if isinstance(entry, dict) else None
        end = entry.get("end", "head") if isinstance(entry, dict) else None
        if name not in MAPPABLE or not isinstance(bone, str) or end not in list(End):
            raise InputError(
                "mapping-invalid", f"In {where}, the entry for {name!r} is not valid.", _OTHER_FILE
            )
        joints[name] = Anchor(bone, End(end))
    return Mapping(
        family=str(value.get("family", "custom")),
        label=str(value.get("label", "Custom")),
        joints=joints,
        guessed=bool(value.get("guessed", False)),
    )
