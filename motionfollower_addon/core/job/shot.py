"""A shot: one clip, one rig, one motion, and how to bring them together. Also lists of shots."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.build import build
from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.checks.small_files import UnreadableError
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.pointing import Click
from mf_backend.contracts.request import Settings

from ..rig.retiming import Policy


@dataclass(frozen=True)
class Shot:
    """What one run works from. Blender's things go by name, so that undo and files may change.

    Empty names mean the only one there is. `clip` is a path, used where no `strip` is named.
    """

    name: str = ""
    clip: str = ""
    strip: str = ""
    fps: float = 0.0
    """Frames a second of a folder of images; 0 means the scene's."""
    first: int = 0
    """First frame used, counted from 0 in the clip (in the strip's visible part, for a strip)."""
    count: int = 0
    """Frames used; 0 means all."""
    scene: str = ""
    armature: str = ""
    camera: str = ""
    action: str = ""
    """Empty: the motion as the scene has it."""
    slot: str = ""
    """The action's slot, by its identifier; empty: the one that fits the armature."""
    bone_map: str = ""
    """Name of a bone map or path of one's own; empty: the one that fits best."""
    range: tuple[float, ...] = ()
    """First and last scene frame of the motion; empty: the action's own range."""
    retime: Policy = Policy.TRIM
    outline: bool = True
    """Let the shape of the rig's meshes say where the actor will be, too."""
    output: str = ""
    """Folder for the job folders; empty: beside the .blend."""
    mp4: str = ""
    """Where a copy of the mp4 goes; empty: nowhere else."""
    settings: Settings = field(default_factory=Settings)


_LARGEST_LIST = 4 << 20
"""Bytes that a list of shots may have."""
_PATHS = frozenset({"clip", "output", "mp4", "bone_map"})
_SETTING_PATHS = frozenset(
    {"weights", "source_poses", "source_joints", "source_masks", "target_masks", "plate"}
    | {"adapter"}
)
_SETTINGS = {item.name: item for item in dataclasses.fields(Settings)}
_OWN = {item.name: item for item in dataclasses.fields(Shot) if item.name != "settings"}


def _wrong(where: str, name: str, value: Any, wanted: str) -> InputError:
    return InputError("shots-invalid", f"In {where}, {name} is {value!r}; it must be {wanted}.")


def _own_value(where: str, name: str, value: Any) -> Any:
    """A checked value of one of Shot's own fields."""
    if name == "retime":
        if value not in list(Policy):
            raise _wrong(where, name, value, f"one of {', '.join(Policy)}")
        return Policy(value)
    if name == "outline":
        if not isinstance(value, bool):
            raise _wrong(where, name, value, "true or false")
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name == "range":
        pair = isinstance(value, list | tuple) and len(value) in (0, 2)
        if not pair or not all(isinstance(x, int | float) for x in value):
            raise _wrong(where, name, value, "two frame numbers")
        return tuple(float(x) for x in value)
    if name == "fps":
        if not number or value < 0:
            raise _wrong(where, name, value, "a number of frames a second")
        return float(value)
    if name in ("first", "count"):
        if not number or value < 0 or value != int(value):
            raise _wrong(where, name, value, "a whole number, 0 or more")
        return int(value)
    if not isinstance(value, str):
        raise _wrong(where, name, value, "text")
    return value


def make_shot(
    values: Mapping[str, Any], where: str, default: Shot | None = None, base: Path | None = None
) -> Shot:
    """A shot from plain values: Shot's own fields and those of Settings, side by side.

    What `values` leaves out comes from `default`. Relative paths start at `base`. Raises
    InputError that names the field and `where` it stands.
    """
    default = default or Shot()
    own: dict[str, Any] = {}
    settings = dataclasses.asdict(default.settings)
    for name, value in values.items():
        is_path = name in _PATHS or (name == "bone_map" and str(value).endswith(".json"))
        # "//" is how Blender writes "beside the .blend"; the host side resolves it.
        if base and is_path and isinstance(value, str) and value and not value.startswith("//"):
            value = str(base / value)
        if name in _OWN:
            own[name] = _own_value(where, name, value)
        elif name in _SETTINGS:
            settings[name] = value
        else:
            raise InputError(
                "shots-invalid",
                f"In {where}, {name!r} is not known.",
                f"Use {', '.join(sorted({*_OWN, *_SETTINGS}))}.",
            )
    return dataclasses.replace(default, **own, settings=check_settings(settings, where))


def shot_values(shot: Shot) -> dict[str, Any]:
    """The plain values that make_shot makes the same shot from, fit for JSON."""
    own = {name: getattr(shot, name) for name in _OWN}
    values = {**own, "retime": str(shot.retime), "range": list(shot.range)}
    settings = dataclasses.asdict(shot.settings)
    clicks = [list(click) for click in shot.settings.clicks]
    return {**values, **settings, "person": list(shot.settings.person), "clicks": clicks}


def following(settings: Settings, clicks: tuple[Click, ...]) -> Settings:
    """The settings with who was chosen in the footage, where they do not say that themselves."""
    if settings.person or settings.clicks:
        return settings
    return dataclasses.replace(settings, clicks=clicks)


def check_settings(values: Mapping[str, Any], where: str) -> Settings:
    """Settings from plain values. Raises InputError that names the field."""
    return build(Settings, dict(values), Field("", where, "shots-invalid"))


def read_shots(path: Path, default: Shot) -> list[Shot]:
    """Shots of a list file: JSON, a list of objects, or an object with `defaults` and `shots`.

    Each object has fields of Shot and Settings by their names; relative paths start at the file's
    folder. Raises InputError for the first thing that is wrong.
    """
    try:
        value = read_json(path, _LARGEST_LIST)
    except UnreadableError as error:
        raise InputError(
            "shots-missing", f"The list of shots {path} cannot be read: {error}."
        ) from None
    except ValueError as error:
        raise InputError("shots-invalid", f"{path} is not valid JSON: {error}.") from None
    base = path.resolve().parent
    if isinstance(value, dict) and isinstance(value.get("shots"), list):
        unknown = sorted(set(value) - {"shots", "defaults"})
        common = value.get("defaults", {})
        if unknown or not isinstance(common, dict):
            raise InputError(
                "shots-invalid", f"In {path}, only 'defaults' (an object) and 'shots' may stand."
            )
        default = make_shot(common, f"the defaults of {path.name}", default, base)
        value = value["shots"]
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InputError("shots-invalid", f"{path} must hold a list of shots, each an object.")
    if not value:
        raise InputError("shots-invalid", f"{path} lists no shots.")
    return [
        make_shot(item, f"shot {number} of {path.name}", default, base)
        for number, item in enumerate(value, 1)
    ]
