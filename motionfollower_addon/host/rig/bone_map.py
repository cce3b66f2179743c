"""Which bones of an armature are joints: detected, chosen, or the user's own list; kept for panels.

Finding out takes some milliseconds for a large rig, so the answer is kept until its bones change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mf_backend.contracts.errors import InputError, MFError

from ... import ids
from ...core.rig.bone_maps import Detection, fit, load_bone_maps, require
from ...core.rig.coverage import coverage
from ...core.rig.mapping import Mapping, joint_label, load
from ..draw_cache import once, until_change
from ..paths import real_path
from . import custom_bones, lookup
from .bones import bones_of, detect_armature


@dataclass(frozen=True)
class RigState:
    """What panels say about an armature's bones."""

    usable: bool
    words: str
    lines: tuple[str, ...] = ()
    mapping: Mapping | None = None
    next_step: str = ""
    """What to do where they do not serve."""


class _Kept:
    """The latest answers by the armature's number in this Blender."""

    states: dict[int, tuple[int, RigState]] = {}


def default_armature(scene: Any) -> Any:
    """The armature meant when none is chosen; None where that is unclear."""
    try:
        return lookup.find_armature(scene, "")
    except MFError:
        return None


@once
def chosen_armature(scene: Any) -> Any:
    """The armature that a scene's panel means; None where there is none."""
    return getattr(scene, ids.SCENE_PROPERTY).armature or default_armature(scene)


def mapping_for(armature: Any, chosen: str, found: Detection | None = None) -> Mapping:
    """The mapping to use: "" the best fit, a family's id, "custom", or a file that was saved.

    Without a choice the armature's own list comes before detection, which is `found` where it was
    made already. Raises InputError where required joints have no bone.
    """
    own = custom_bones.read(armature) if chosen in ("", custom_bones.FAMILY) else None
    if own is not None:
        mapping = own
    elif not chosen:
        return require(found or detect_armature(armature), f"The armature {armature.name!r}")
    elif chosen.endswith(".json"):
        mapping = load(real_path(chosen))
    else:
        maps = {item.id: item for item in load_bone_maps()}
        if chosen not in maps:
            raise InputError(
                "bone-map-unknown",
                f"There is no bone map named {chosen!r}.",
                f"Use {', '.join(maps)}, or the path of a saved one.",
            )
        mapping, _ = fit(maps[chosen], bones_of(armature))
    if mapping.missing:
        missing = ", ".join(joint_label(joint) for joint in mapping.missing)
        raise InputError(
            "rig-unmapped",
            f"The armature {armature.name!r} has no bone for {missing}.",
            "Choose the bones yourself in the panel's Bones section.",
        )
    return mapping


def ready_mapping(armature: Any, chosen: str) -> Mapping:
    """The same, from what panels know already: detecting anew takes a moment."""
    known = detected(armature, chosen).mapping if not chosen else None
    return known if known is not None else mapping_for(armature, chosen)


@once
def detected(armature: Any, chosen: str) -> RigState:
    """What to say about an armature, kept until its bones or the choice change."""
    key = hash((chosen, custom_bones.key(armature), _bone_names(armature)))
    kept = _Kept.states.get(armature.session_uid)
    if kept is None or kept[0] != key:
        kept = (key, _look(armature, chosen))
        _Kept.states[armature.session_uid] = kept
    return kept[1]


@until_change
def _bone_names(armature: Any) -> int:
    """A number that differs with the bones' names: a large rig has hundreds of them."""
    return hash(tuple(armature.data.bones.keys()))


def words(armature: Any, chosen: str) -> str:
    """The state in a few words."""
    return detected(armature, chosen).words


def _look(armature: Any, chosen: str) -> RigState:
    # A large rig's detection takes long enough to make it once, and only where it counts.
    detects = not chosen and not len(custom_bones.rows(armature))
    found = detect_armature(armature) if detects else None
    try:
        mapping = mapping_for(armature, chosen, found)
    except MFError as error:
        words, step = _UNUSABLE.get(error.code, ("not usable", error.hint))
        return RigState(False, words, (error.message,), next_step=step)
    score = f", {found.score:.0%}" if found is not None else ""
    lines = list(coverage(mapping))
    if mapping.guessed:
        lines.append("Look at Show Skeleton before you trust it")
    return RigState(True, f"{mapping.label}{score}", tuple(lines), mapping)


_UNUSABLE = {
    "rig-unmapped": ("bones are missing", "Choose what is missing in Bones."),
    "rig-not-human": ("not a person", "Choose another rig in Motion."),
}
"""What to say in a few words, and the next step, by the error's code."""
