"""The one interface behind which engines sit, and the table of engines.

An engine turns a clip and its conditions into finished frames at the clip's own size. Every pixel
outside the soft union of source and target masks equals the clip's.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mf_backend.conditioning.conditions import Conditions
from mf_backend.errors import InputError
from mf_backend.jobs.request import Settings
from mf_backend.progress import Reporter

Picture = NDArray[np.uint8]
"""RGB uint8 [height, width, 3]."""


class FrameSource(Protocol):
    """Random and sequential access to the frames a job uses (index 0 is the first one used)."""

    @property
    def count(self) -> int:
        """Number of frames."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""

    @property
    def fps(self) -> Fraction:
        """Frames a second."""

    def read(self, index: int) -> Picture:
        """One frame; sequential reads are fast, jumps may decode from the last keyframe."""

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Frames start..stop-1 in order, one in memory at a time."""


@dataclass(frozen=True)
class Missing:
    """Something an engine needs that is not here: what, and a sentence on how to get it."""

    what: str
    how: str


@dataclass(frozen=True)
class EngineJob:
    """What an engine works from. `work` is the engine's own folder for caches and checkpoints."""

    clip: FrameSource
    conditions: Conditions
    settings: Settings
    work: Path


class Engine(Protocol):
    """Makes the finished frames of a job."""

    name: str
    label: str

    def missing(self, settings: Settings) -> list[Missing]:
        """What keeps the engine from running with these settings; empty when it can. Cheap."""

    def fingerprint(self, settings: Settings) -> dict[str, str]:
        """Everything of the settings and the engine that changes its frames, for stage hashes."""

    def render(
        self, job: EngineJob, indices: Sequence[int], reporter: Reporter
    ) -> Iterator[tuple[int, Picture]]:
        """Yield (index, finished frame at the clip's size) for each of `indices`, ascending.

        Frames already on disk are left out of `indices` by the caller. Long work before the first
        frame keeps its checkpoints in `job.work` and goes on from them when called again.
        """


_ENGINES = {
    "preview": "mf_backend.engines.preview.engine:PreviewEngine",
    "motionfollower": "mf_backend.engines.motionfollower.engine:MotionFollowerEngine",
}


def engine_names() -> tuple[str, ...]:
    """Names that `Settings.engine` takes."""
    return tuple(_ENGINES)


def load_engine(name: str) -> Engine:
    """Import and make an engine. Raises InputError for an unknown name."""
    if name not in _ENGINES:
        raise InputError(
            "engine-unknown", f"There is no engine named {name!r}; use {' or '.join(_ENGINES)}."
        )
    module, cls = _ENGINES[name].split(":")
    engine: Engine = getattr(importlib.import_module(module), cls)()
    return engine
