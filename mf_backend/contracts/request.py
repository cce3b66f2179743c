"""The request of a job, as job.json holds it. Written once by whoever asks, never changed.

Each field stands with the rule that its values keep to, wherever they come from: job.json, a
message or an option. Standard library only: the add-on writes it and the backend reads it.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.build import Part, build, ruled
from mf_backend.contracts.checks.fields import Field, shown
from mf_backend.contracts.checks.json_text import parse_json
from mf_backend.contracts.checks.paths import PathText, Rooted
from mf_backend.contracts.checks.rules import (
    SEED_LIMIT,
    Choice,
    Free,
    Number,
    Switch,
    Text,
    Whole,
)
from mf_backend.contracts.checks.small_files import UnreadableError, read_small
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.pointing import ClicksRule, PersonRule

SCHEMA = 1
LARGEST_REQUEST = 4 << 20
"""Bytes that job.json may have."""
MOST_FRAMES = 10_000_000
"""More than any clip has: three days at 40 frames a second."""
MOST_STEPS = 1000
START_STRENGTH = Number(0.001, 1)
"""How much of a picture that a denoising starts from is noise: 1 is noise alone."""
FPS = Number(0.001, 1000, zero="the clip's own")
_NAME = Text(longest=200)
_OPTIONAL_PATH = PathText(Rooted.ABSOLUTE, optional=True)
_INSIDE_PATH = PathText(Rooted.INSIDE, optional=True)
_SHA256 = Text(64, pattern="[0-9a-f]{64}", meaning="64 digits of SHA-256 (0-9, a-f), or empty")


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


class Solver(StrEnum):
    """How the diffusion engine gets from one step to the next."""

    AUTO = "auto"
    """The quality's own."""
    DDIM = "ddim"
    DPM = "dpm++"
    UNIPC = "unipc"


class Shadow(StrEnum):
    """What becomes of the actor's shadow."""

    MOVE = "move"
    KEEP = "keep"


class PlateFit(StrEnum):
    """How the user's own plate becomes each frame's background."""

    REGISTERED = "registered"
    AS_IS = "as-is"


@dataclass(frozen=True)
class Reference:
    """The clip: who moves and where. `path` is absolute; `first` and `count` choose its frames."""

    path: str = ruled(PathText(Rooted.ABSOLUTE))
    kind: ClipKind = ruled(Choice.of(ClipKind))
    first: int = ruled(Whole(0, MOST_FRAMES), 0)
    """First frame used, counted from 0 in the clip."""
    count: int = ruled(Whole(0, MOST_FRAMES), 0)
    """Frames used; 0 means all from `first`."""
    fps: float = ruled(FPS, 0.0)
    """Frames a second; 0 means the clip's own (a folder of images needs it: 24 if unknown)."""
    sha256: str = ruled(_SHA256, "")
    """Hash of the file, or of a folder's names, sizes and contents; empty: not recorded yet."""


@dataclass(frozen=True)
class Target:
    """The motion: paths inside the job folder, '/'-separated. One of the two at least."""

    joints: str = ruled(_INSIDE_PATH, "")
    """npz with `target` float32 [frames, 60, 2] and `size` (width, height) in pixels."""
    poses: str = ruled(_INSIDE_PATH, "")
    """Folder of skeleton pictures, sorted by number."""
    character_masks: str = ruled(_INSIDE_PATH, "")
    """Optional folder of masks of the scene's own character, rendered through the camera."""


MEMORY_NAMES = ("auto", "6", "8", "12", "24")
"""Presets of memory, in GB; a preset for cards beyond 24 GB is only chosen by auto."""


@dataclass(frozen=True)
class Settings:
    """Everything that changes the picture or how it is made."""

    engine: str = ruled(_NAME, "preview")
    alignment: Alignment = ruled(Choice.of(Alignment), Alignment.FIT)
    keep_limb_lengths: bool = ruled(Switch(), True)
    """`fit` only: give each limb the actor's own length instead of the rig's."""
    quality: Quality = ruled(Choice.of(Quality), Quality.FINAL)
    sampler: Sampler = ruled(Choice.of(Sampler), Sampler.DEFAULT)
    seed: int = ruled(Whole(0, SEED_LIMIT), 42)
    steps: int = ruled(Whole(0, MOST_STEPS), 0)
    """Denoising steps; 0 means the quality's own."""
    solver: Solver = ruled(Choice.of(Solver), Solver.AUTO)
    """`dpm++` (DPM-Solver++ 2M) and `unipc` need fewer steps than the published method's `ddim`."""
    cfg: float = ruled(Number(1, 1000), 7.0)
    """Classifier-free guidance scale, at least 1."""
    guidance: float = ruled(Number(0, 1000), 4.0)
    """Strength of the score guidance (`energy_scale`); 0 switches it off."""
    moving_camera: bool = ruled(Switch(), False)
    """Inject the reconstruction's attention, for shots whose camera moves."""
    start_strength: float = ruled(
        Number(START_STRENGTH.low, START_STRENGTH.high, zero="the weights' own"), 0.0
    )
    """How much noise is put on the preview's pictures, from which the diffusion engine starts; 1
    starts from noise alone, as published. 0 means the weights' own."""
    memory: str = ruled(Choice(MEMORY_NAMES), "auto")
    compile: bool = ruled(Switch(), False)
    """Compile the diffusion engine's layers: minutes longer to start; may pay on a card."""
    device: str = ruled(_NAME, "auto")
    weights: str = ruled(_OPTIONAL_PATH, "")
    """Absolute folder of the imported weights; empty: the backend's default folder."""
    adapter: str = ruled(_OPTIONAL_PATH, "")
    """Absolute file of what the diffusion engine learnt of this clip (`train --tune`)."""
    tuned: bool = ruled(Switch(), False)
    """Take the adapter that tuning left beside the clip's actor, where there is one and `adapter`
    is empty."""
    source_poses: str = ruled(_OPTIONAL_PATH, "")
    """Absolute folder of the user's own skeleton pictures of the actor; empty: estimate."""
    source_joints: str = ruled(_OPTIONAL_PATH, "")
    """Absolute npz of the user's own joints of the actor (`source`); empty: estimate."""
    source_masks: str = ruled(_OPTIONAL_PATH, "")
    """Absolute folder of the user's own masks of the actor; empty: estimate."""
    target_masks: str = ruled(_OPTIONAL_PATH, "")
    """Absolute folder of masks of the person whose motion is wanted; needed by `released`."""
    mask_estimator: str = ruled(_NAME, "")
    """Which estimator makes the actor's masks; empty: the default."""
    widen_mask: float = ruled(Number(0, 32), 2.0)
    """How far the actor's mask is widened, also a given one, in pixels of a picture of 512 (scaled
    by the clip's shorter side): what lies in the mask is replaced where the actor leaves."""
    shadow: Shadow = ruled(Choice.of(Shadow), Shadow.MOVE)
    """`move`: the actor's shadow is taken away and cast anew; `keep`: it stays as filmed."""
    plate: str = ruled(_OPTIONAL_PATH, "")
    """Absolute picture or clip of the user's own that shows what is behind the actor; empty: what
    other frames saw."""
    plate_fit: PlateFit = ruled(Choice.of(PlateFit), PlateFit.REGISTERED)
    """`registered`: the plate is the set as the first frame used saw it, and follows the camera and
    its light; `as-is`: its pixels are taken exactly, frame by frame."""
    person: tuple[float, ...] = ruled(PersonRule(), ())
    """Who to follow: (frame, x, y) or (frame, x0, y0, x1, y1) in pixels; empty: the largest."""
    clicks: tuple[tuple[float, float, float], ...] = ruled(ClicksRule(), ())
    """The same by points, each (frame, x, y) with the frame counted over the whole clip, whichever
    frames are used: he is there on each of these frames. Not beside `person`."""


@dataclass(frozen=True)
class Output:
    """Where the person asked for results beyond the job folder."""

    mp4: str = ruled(_OPTIONAL_PATH, "")
    """Absolute path for a copy of the mp4; empty: only inside the job folder."""


@dataclass(frozen=True)
class PackedRule:
    """Files and folders that were copied into the job folder, by the paths that they came from."""

    words: str = "an object: absolute paths, and where their copies lie inside the job folder"

    def read(self, value: Any, field: Field) -> dict[str, str]:
        """See Rule."""
        if not isinstance(value, dict):
            raise field.refuse(self.words, value)
        return {
            PathText(Rooted.ABSOLUTE).read(path, field): PathText(Rooted.INSIDE).read(
                inside, field.part(path)
            )
            for path, inside in value.items()
        }

    def parse(self, text: str, field: Field) -> dict[str, str]:
        """No option holds an object."""
        raise field.refuse(self.words, text)


@dataclass(frozen=True)
class JobRequest:
    """One job. `about` (scene, action, strip, versions) is free-form and kept in the report."""

    id: str = ruled(Text(longest=200, shortest=1))
    reference: Reference = ruled(Part(Reference))
    target: Target = ruled(Part(Target))
    settings: Settings = ruled(Part(Settings), make=Settings)
    output: Output = ruled(Part(Output), make=Output)
    about: dict[str, Any] = ruled(Free(), make=dict)
    packed: dict[str, str] = ruled(PackedRule(), make=dict)
    """Absolute path of the clip or of a file of the user's own: its copy inside the job folder,
    which is read instead."""
    actors: str = ruled(_OPTIONAL_PATH, "")
    """Absolute folder of actor stores: the clip's actor is taken from there, and analysed into it
    where it is not there yet; empty: what is found stays in the job's folder."""
    schema: int = ruled(Whole(SCHEMA, SCHEMA), SCHEMA)


def to_dict(request: JobRequest) -> dict[str, Any]:
    """Plain JSON-serialisable form of a request."""
    return json.loads(json.dumps(dataclasses.asdict(request)))  # type: ignore[no-any-return]


def from_dict(value: Any) -> JobRequest:
    """Check and build a request. Raises InputError naming the field that is wrong."""
    written = value.get("schema", SCHEMA) if isinstance(value, dict) else SCHEMA
    if written != SCHEMA:
        raise InputError(
            "job-schema",
            f"This job was written with schema {shown(written)}; this backend reads {SCHEMA}.",
            "Update the add-on and the backend to the same version.",
        )
    return build(JobRequest, value, Field("", "job.json", "job-invalid"))


def read_request(path: Path) -> JobRequest:
    """Read job.json. Raises InputError where it is missing or not valid."""
    try:
        value = parse_json(read_small(path, LARGEST_REQUEST))
    except UnreadableError as error:
        raise InputError(
            "job-missing",
            f"There is no job here: {path} cannot be read: {error}.",
            "Choose the folder that holds job.json.",
        ) from None
    except ValueError as error:
        raise InputError("job-invalid", f"{path} is not valid JSON: {error}.") from None
    return from_dict(value)
