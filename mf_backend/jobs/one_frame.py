"""One frame of a conditioned job by the preview engine, quickly, to look at before rendering.

The engine would read the whole clip for its background. Here it gets a thinned-out clip: the frame
itself, its neighbours (which fade into it) and some frames spread over the rest, large ones
reduced. So the picture is close to, not equal to, the frame that a whole run would make.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.fill import inpaint
from mf_backend.clip import Clip, open_clip, write_png
from mf_backend.contracts.conditions import Conditions, load_conditions
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import NullReporter
from mf_backend.engines.base import EngineJob
from mf_backend.engines.preview.engine import PreviewEngine
from mf_backend.jobs.disk.folder import read_job
from mf_backend.jobs.disk.packed import use_packed
from mf_backend.jobs.disk.state import read_state
from mf_backend.jobs.stages.names import TARGET_MASK

_NEIGHBOURS = 2
"""Frames on either side that the engine fades into a frame."""
_SPREAD = 6
"""Frames spread over the clip, besides the neighbours."""
_LONGEST_SIDE = 640
"""Larger frames are reduced to this, in pixels."""


def choose_frames(count: int, index: int) -> tuple[int, ...]:
    """Indices of the frames that stand for a clip of `count` frames, ascending, with `index`."""
    near = range(max(0, index - _NEIGHBOURS), min(count, index + _NEIGHBOURS + 1))
    far = np.linspace(0, count - 1, min(count, _SPREAD)).round().astype(int)
    return tuple(sorted({*near, *(int(i) for i in far)}))


def looked_at_size(size: tuple[int, int]) -> tuple[int, int]:
    """The picture's size (width, height) for a clip of `size`."""
    scale = min(1.0, _LONGEST_SIDE / max(size))
    return (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))


def _reduced(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    import cv2

    if picture.shape[:2] == size[::-1]:
        return picture
    small: NDArray[np.uint8] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small


@dataclass(frozen=True)
class ThinClip:
    """Some frames of a clip, reduced, as a clip of their own; implements FrameSource."""

    whole: Clip
    chosen: tuple[int, ...]
    size: tuple[int, int]
    """(width, height) in pixels."""

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.chosen)

    @property
    def fps(self) -> Fraction:
        """Frames a second of the whole clip."""
        return self.whole.fps

    def read(self, index: int) -> Picture:
        """One frame."""
        return _reduced(self.whole.read(self.chosen[index]), self.size)

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Frames start..stop-1 in order."""
        for index in range(*slice(start, stop).indices(self.count)):
            yield self.read(index)


@dataclass(frozen=True)
class ThinConditions(Conditions):
    """The conditions of some frames, reduced."""

    whole: Conditions
    chosen: tuple[int, ...]

    def path(self, kind: str, index: int) -> Path:
        """Path of one picture of the whole clip's conditions."""
        return self.whole.path(kind, self.chosen[index])

    def grey(self, kind: str, index: int) -> NDArray[np.uint8]:
        """One mask or matte as uint8 [height, width] of the reduced size."""
        return _reduced(self.whole.grey(kind, self.chosen[index]), self.size)

    def colour(self, kind: str, index: int) -> NDArray[np.uint8]:
        """One picture as uint8 [height, width, 3] of the reduced size."""
        return _reduced(self.whole.colour(kind, self.chosen[index]), self.size)


def _thin(conditions: Conditions, chosen: tuple[int, ...], size: tuple[int, int]) -> ThinConditions:
    scale = np.array(size) / np.array(conditions.size)
    # Pixel centres lie at whole numbers, so the picture's corner is at -0.5.
    source, target = (
        ((joints[np.array(chosen)] + 0.5) * scale - 0.5).astype(np.float32)
        for joints in (conditions.source_joints, conditions.target_joints)
    )
    world, positions = (
        None if places is None else places[np.array(chosen)]
        for places in (conditions.source_world, conditions.target_positions)
    )
    return ThinConditions(
        conditions.folder,
        size,
        source,
        target,
        conditions,
        chosen,
        source_world=world,
        target_positions=positions,
        actor_size=conditions.actor_size,
    )


def preview_frame(folder: Path, index: int) -> Path:
    """Make frame `index` (from 0) of the job in `folder`; returns the picture's path inside it.

    The picture is the clip's size, or `looked_at_size` where that is smaller.

    Raises InputError where the job is not conditioned yet or has no such frame.
    """
    job, written = read_job(folder)
    request = use_packed(job, written, written)
    record = read_state(job.state).stages.get(TARGET_MASK)
    if record is None or not record.finished:
        raise InputError(
            "not-conditioned",
            "The actor's joints and masks of this job are not finished yet.",
            "Render with the preview engine once; single frames can be looked at after that.",
        )
    conditions = load_conditions(job.conditions)
    if not 0 <= index < conditions.count:
        raise InputError(
            "no-such-frame",
            f"The job has {conditions.count} frames, so there is no frame {index + 1}.",
            "Move the timeline to a frame of the motion.",
        )
    chosen = choose_frames(conditions.count, index)
    size = looked_at_size(conditions.size)
    with open_clip(request.reference) as clip:
        work = EngineJob(
            ThinClip(clip, chosen, size),
            _thin(conditions, chosen, size),
            request.settings,
            job.engine_work,
        )
        ((_, picture),) = PreviewEngine(inpaint).render(work, [chosen.index(index)], NullReporter())
    path = job.path / "work" / "one_frame" / f"{index + 1:06d}.png"
    write_png(path, picture)
    return path
