"""Naming families of rigs as data, and finding the one that fits an armature by score.

To add one: put its FAMILY.json here, with the fields that README.md lists; panel and command line
then offer it, and tests/addon/rig/bone_maps/test_families.py tries it on a rig with its names.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.skeleton.joints import FINGERS

from ..anatomy import why_not_human
from ..bones import Bone, as_bones, plain_name
from ..guess import guess
from ..mapping import REQUIRED, Anchor, End, Mapping, joint_label

_MIDDLE = ("head", "nose")
_SIDED = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "toe", "eye", "ear")

_COPY = re.compile(r"\.\d{3}$")

# Shares of the score: all required joints, then what else of the skeleton is there, then markers.
_BASE, _EXTRAS, _MARKERS, _ABSENT = 0.7, 0.15, 0.15, 0.3


@dataclass(frozen=True)
class BoneMap:
    """One naming family, as its file holds it."""

    id: str
    label: str
    source: str
    verified: bool
    joints: dict[str, tuple[str, ...]]
    """Every joint of the family to its alternatives, sides filled in."""
    markers: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    namespace: str = ""
    rank: int = 1


@dataclass(frozen=True)
class Detection:
    """What fits an armature best. `missing` are required joints without a bone."""

    mapping: Mapping
    score: float
    """0 to 1."""
    missing: tuple[str, ...]
    refusal: str = ""
    """One sentence where the armature is no person whatever its bones are called."""
    scores: dict[str, float] = field(default_factory=dict)
    """The score of every family by id."""

    @property
    def fits(self) -> bool:
        """Whether the mapping can be used as it is."""
        return not self.missing and not self.refusal

    @property
    def map(self) -> Mapping:
        """The mapping (short name)."""
        return self.mapping


def _alternatives(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _expand(data: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    joints: dict[str, tuple[str, ...]] = {}
    for joint in _MIDDLE:
        if joint in data["joints"]:
            joints[joint] = _alternatives(data["joints"][joint])
    for side, letter in zip(("left", "right"), data["sides"], strict=True):

        def named(value: Any, letter: str = letter) -> tuple[str, ...]:
            return tuple(name.replace("{s}", letter) for name in _alternatives(value))

        for joint in _SIDED:
            if joint in data["joints"]:
                joints[f"{side}_{joint}"] = named(data["joints"][joint])
        for finger in FINGERS:
            bones = data.get("fingers", {}).get(finger, [])
            for k, bone in enumerate(bones, start=1):
                joints[f"{side}_hand_{finger}_{k}"] = named(bone)
            if len(bones) >= 3:
                tips = tuple(f"{name}>tip" for name in named(bones[2]))
                tip = f"{side}_hand_{finger}_4"
                joints[tip] = (*joints.get(tip, ()), *tips)
    return joints


@functools.cache
def load_bone_maps() -> tuple[BoneMap, ...]:
    """All families that come with the add-on, sorted by id."""
    maps = []
    for file in sorted(Path(__file__).parent.glob("*.json")):
        data = json.loads(file.read_text(encoding="utf-8"))
        maps.append(
            BoneMap(
                id=data["id"],
                label=data["label"],
                source=data["source"],
                verified=data["verified"],
                joints=_expand(data),
                markers=tuple(data.get("markers", ())),
                absent=tuple(data.get("absent", ())),
                prefixes=tuple(data.get("prefixes", ())),
                namespace=data.get("namespace", ""),
                rank=data.get("rank", 1),
            )
        )
    return tuple(maps)


def _key(name: str) -> str:
    """What two spellings of one name have in common."""
    return re.sub(r"[\s.\-]", "_", plain_name(name))


class _Names:
    """The armature's bones by their spelling-free names."""

    def __init__(self, bones: tuple[Bone, ...], prefixes: tuple[str, ...]) -> None:
        self._by_key: dict[str, str] = {}
        self._copies: dict[str, str] = {}
        pattern = re.compile("|".join(f"(?:{prefix})" for prefix in prefixes)) if prefixes else None
        for bone in bones:
            for names, spelling in (
                (self._by_key, bone.name),
                (self._copies, _COPY.sub("", bone.name)),
            ):
                if names is self._copies and spelling == bone.name:
                    continue
                key = _key(spelling)
                names.setdefault(pattern.sub("", key, count=1) if pattern else key, bone.name)

    def find(self, name: str) -> str | None:
        return self._by_key.get(_key(name))

    def find_copy(self, name: str) -> str | None:
        """The same where Blender numbered the bone (`Hips.001`), as joining armatures does."""
        return self._copies.get(_key(name))

    def share(self, names: tuple[str, ...]) -> float:
        """How many of `names` there are, 0 to 1."""
        found = sum((self.find(name) or self.find_copy(name)) is not None for name in names)
        return found / max(len(names), 1)


def _anchor(names: _Names, alternatives: tuple[str, ...]) -> Anchor | None:
    for alternative in alternatives:
        name, _, end = alternative.partition(">")
        bone = names.find(name)
        if bone is not None:
            return Anchor(bone, End(end or "head"))
    for alternative in alternatives:
        name, _, end = alternative.partition(">")
        bone = names.find_copy(name)
        if bone is not None:
            return Anchor(bone, End(end or "head"))
    return None


def fit(bone_map: BoneMap, bones: Iterable[Bone | str]) -> tuple[Mapping, float]:
    """One family's mapping of an armature, and its score from 0 to 1."""
    known = as_bones(bones)
    names = _Names(known, bone_map.prefixes)
    joints = {}
    for joint, alternatives in bone_map.joints.items():
        anchor = _anchor(names, alternatives)
        if anchor is not None:
            joints[joint] = anchor
    mapping = Mapping(bone_map.id, bone_map.label, joints)
    required = 1 - len(mapping.missing) / len(REQUIRED)
    groups = []
    for group in (("head",), ("left_toe", "right_toe"), None):
        wanted = [
            joint
            for joint in bone_map.joints
            if (joint in group if group is not None else "_hand_" in joint)
        ]
        if wanted:
            groups.append(sum(joint in joints for joint in wanted) / len(wanted))
    extras = sum(groups) / max(len(groups), 1)
    markers = names.share(bone_map.markers)
    if bone_map.namespace and 2 * sum(
        bone.name.casefold().startswith(bone_map.namespace) for bone in known
    ) > len(known):
        markers = 1.0
    score = required * (_BASE + _EXTRAS * extras + _MARKERS * markers)
    return mapping, max(score - _ABSENT * names.share(bone_map.absent), 0.0)


def detect(bones: Iterable[Bone | str]) -> Detection:
    """The family that fits best by score; else a guess from hierarchy and symmetry.

    `bones` are names, or `Bone`s with their rest pose, which the guess and the refusal of
    quadrupeds need. Never raises: see `require`.
    """
    known = as_bones(bones)
    fits = [(bone_map.rank, *fit(bone_map, known)) for bone_map in load_bone_maps()]
    scores = {mapping.family: round(score, 4) for _, mapping, score in fits}
    # Of equal scores the family that explains more bones, then the more common one.
    _, mapping, score = max(
        fits, key=lambda one: (not one[1].missing, round(one[2], 4), len(one[1].joints), -one[0])
    )
    refusal = ""
    if mapping.missing:
        guessed = guess(known)
        if guessed is not None:
            mapping, score = guessed
    if not mapping.missing:
        refusal = why_not_human(mapping, known)
    return Detection(mapping, score, mapping.missing, refusal, scores)


def require(detection: Detection, armature: str = "The armature") -> Mapping:
    """The detected mapping. Raises InputError naming the missing joints, or why it is no person."""
    if detection.missing:
        missing = ", ".join(joint_label(joint) for joint in detection.missing)
        raise InputError(
            "rig-unmapped",
            f"{armature} fits no known skeleton: no bone was found for {missing}.",
            "Choose the bones yourself in the panel's Bones section, or pick another armature.",
        )
    if detection.refusal:
        raise InputError("rig-not-human", f"{armature} {detection.refusal}")
    return detection.mapping
