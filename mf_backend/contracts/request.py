"""The request of a job, as job.json holds it. Written once by whoever asks, never changed.

Standard library only: the add-on writes it and the backend reads it.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError

SCHEMA = 1


class ClipKind(StrEnum):
    """What the reference clip is on disk."""

    VIDEO = "video"
    IMAGES = "images"


class Alignment(StrEnum):
    """How the target skeletons are fitted to the actor."""

    FIT = "fit"
    MATCHED = "matched"
    RELEASED = "released"


class Quality(StrEnum):
    """How much time the diffusion engine takes."""

    DRAFT = "draft"
    FINAL = "final"


class Sampler(StrEnum):
    """The repaired sampler, or the released behaviour reproduced exactly."""

    DEFAULT = "default"
    RELEASED = "released"


@dataclass(frozen=True)
class Reference:
    """The clip: who moves and where. `path` is absolute; `first` and `count` choose its frames."""

    path: str
    kind: ClipKind
    first: int = 0
    """First frame used, counted from 0 in the clip."""
    count: int = 0
    """Frames used; 0 means all from `first`."""
    fps: float = 0.0
    """Frames a second; 0 means the clip's own (a folder of images needs it: 24 if unknown)."""
    sha256: str = ""
    """Hash of the file, or of a folder's names, sizes and contents; empty: not recorded yet."""


@dataclass(frozen=True)
class Target:
    """The motion: paths inside the job folder, '/'-separated. One of the two at least."""

    joints: str = ""
    """npz with `target` float32 [frames, 60, 2] and `size` (width, height) in pixels."""
    poses: str = ""
    """Folder of skeleton pictures, sorted by number."""
    character_masks: str = ""
    """Optional folder of masks of the scene's own character, rendered through the camera."""


@dataclass(frozen=True)
class Settings:
    """Everything that changes the picture or how it is made."""

    engine: str = "preview"
    alignment: Alignment = Alignment.FIT
    keep_limb_lengths: bool = True
    """`fit` only: give each limb the actor's own length instead of the rig's."""
    quality: Quality = Quality.FINAL
    sampler: Sampler = Sampler.DEFAULT
    seed: int = 42
    steps: int = 0
    """Denoising steps; 0 means the quality's own."""
    cfg: float = 7.0
    """Classifier-free guidance scale, at least 1."""
    guidance: float = 4.0
    """Strength of the score guidance (`energy_scale`); 0 switches it off."""
    moving_camera: bool = False
    """Inject the reconstruction's attention, for shots whose camera moves."""
    memory: str = "auto"
    compile: bool = False
    """Compile the diffusion engine's layers: minutes longer to start; may pay on a card."""
    device: str = "auto"
    weights: str = ""
    """Absolute folder of the imported weights; empty: the backend's default folder."""
    source_poses: str = ""
    """Absolute folder of the user's own skeleton pictures of the actor; empty: estimate."""
    source_joints: str = ""
    """Absolute npz of the user's own joints of the actor (`source`); empty: estimate."""
    source_masks: str = ""
    """Absolute folder of the user's own masks of the actor; empty: estimate."""
    target_masks: str = ""
    """Absolute folder of masks of the person whose motion is wanted; needed by `released`."""
    mask_estimator: str = ""
    """Which estimator makes the actor's masks; empty: the default."""
    widen_mask: float = 0.0
    """How far an estimated mask of the actor is widened, in pixels of a picture of 512 (scaled
    by the clip's shorter side): what lies in the mask is replaced where the actor leaves."""
    person: tuple[float, ...] = ()
    """Who to follow: (frame, x, y) or (frame, x0, y0, x1, y1) in pixels; empty: the largest."""


@dataclass(frozen=True)
class Output:
    """Where the person asked for results beyond the job folder."""

    mp4: str = ""
    """Absolute path for a copy of the mp4; empty: only inside the job folder."""


@dataclass(frozen=True)
class JobRequest:
    """One job. `about` (scene, action, strip, versions) is free-form and kept in the report."""

    id: str
    reference: Reference
    target: Target
    settings: Settings = field(default_factory=Settings)
    output: Output = field(default_factory=Output)
    about: dict[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA


def to_dict(request: JobRequest) -> dict[str, Any]:
    """Plain JSON-serialisable form of a request."""
    return json.loads(json.dumps(dataclasses.asdict(request)))  # type: ignore[no-any-return]


def _fits(raw: Any, default: Any) -> bool:
    """Whether a JSON value may stand where the field's default has this type."""
    if isinstance(default, bool) or isinstance(raw, bool):
        return isinstance(default, bool) and isinstance(raw, bool)
    if isinstance(default, float):
        return isinstance(raw, int | float)
    if isinstance(default, tuple):
        return isinstance(raw, list) and all(isinstance(x, int | float) for x in raw)
    if default is dataclasses.MISSING:
        return isinstance(raw, str)
    return not isinstance(default, int | str) or isinstance(raw, type(default))


def _build(cls: type[Any], value: Any, where: str) -> Any:
    """Make a dataclass from a dict, ignoring unknown fields (newer add-on, older backend)."""
    if not isinstance(value, dict):
        raise InputError("job-invalid", f"In job.json, {where} must be an object.")
    values: dict[str, Any] = {}
    for item in dataclasses.fields(cls):
        if item.name not in value:
            continue
        raw = value[item.name]
        if item.name in _NESTED:
            values[item.name] = _build(_NESTED[item.name], raw, item.name)
        elif item.name in _ENUMS:
            choices = _ENUMS[item.name]
            if raw not in list(choices):
                raise InputError(
                    "job-invalid",
                    f"In job.json, {item.name} is {raw!r}; use one of {', '.join(choices)}.",
                )
            values[item.name] = choices(raw)
        elif isinstance(raw, dict) if item.name == "about" else _fits(raw, item.default):
            values[item.name] = tuple(raw) if isinstance(item.default, tuple) else raw
        else:
            raise InputError("job-invalid", f"In job.json, {item.name} has a wrong value: {raw!r}.")
    try:
        return cls(**values)
    except TypeError as error:
        raise InputError("job-invalid", f"job.json is incomplete: {where} {error}.") from None


_NESTED: dict[str, type[Any]] = {
    "reference": Reference,
    "target": Target,
    "settings": Settings,
    "output": Output,
}
_ENUMS: dict[str, type[StrEnum]] = {
    "kind": ClipKind,
    "alignment": Alignment,
    "quality": Quality,
    "sampler": Sampler,
}


def from_dict(value: Any) -> JobRequest:
    """Check and build a request. Raises InputError naming the field that is wrong."""
    if isinstance(value, dict) and value.get("schema", SCHEMA) != SCHEMA:
        raise InputError(
            "job-schema",
            f"This job was written with schema {value['schema']}; this backend reads {SCHEMA}.",
            "Update the add-on and the backend to the same version.",
        )
    request: JobRequest = _build(JobRequest, value, "job.json")
    return request


def read_request(path: Path) -> JobRequest:
    """Read job.json. Raises InputError where it is missing or not valid."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise InputError("job-missing", f"There is no job here: {path} cannot be read.") from None
    except ValueError:
        raise InputError("job-invalid", f"{path} is not valid JSON.") from None
    return from_dict(value)
