"""What the mapping needs to know of an armature's bones, without Blender."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

Vector = tuple[float, float, float]

_NAMESPACE = re.compile(r"^(?:[^:|]*[:|])+")


@dataclass(frozen=True)
class Bone:
    """One bone in its rest pose, positions in the armature's own space."""

    name: str
    parent: str = ""
    """Empty for a root."""
    head: Vector | None = None
    tail: Vector | None = None
    """Both None where only the name is known."""


def as_bones(bones: Iterable[Bone | str]) -> tuple[Bone, ...]:
    """Accept bare names wherever bones are wanted."""
    return tuple(bone if isinstance(bone, Bone) else Bone(bone) for bone in bones)


def plain_name(name: str) -> str:
    """A bone's name without its namespace ("mixamorig:Hips", "Model:Hips") and in lower case."""
    return _NAMESPACE.sub("", name).casefold()
