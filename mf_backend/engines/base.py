"""The one interface behind which engines sit, and the table of engines.

An engine turns a clip and its conditions into finished frames at the clip's own size. Every pixel
outside the soft union of source and target masks equals the clip's.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mf_backend.contracts.conditions import Conditions
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings


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
