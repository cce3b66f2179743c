"""The one interface behind which engines sit.

An engine turns a clip and its conditions into finished frames at the clip's own size. Every pixel
outside the soft union of source and target masks equals the clip's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from mf_backend.contracts.conditions import Conditions
from mf_backend.contracts.errors import MissingComponentError
from mf_backend.contracts.findings import NO_FINDINGS, Findings
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings
from mf_backend.contracts.tables import Missing


@dataclass(frozen=True)
class EngineJob:
    """What an engine works from. `work` is the engine's own folder for caches and checkpoints."""

    clip: FrameSource
    conditions: Conditions
    settings: Settings
    work: Path
    findings: Findings = NO_FINDINGS
    """What is known of the clip and its actor from other takes, and where more is kept."""


@dataclass(frozen=True)
class MemoryNeed:
    """What a job would take of the memory of the device that it would run on."""

    needed_bytes: int
    free_bytes: int | None
    """None where that cannot be told."""
    device: str
    """"cpu", "mps" or "cuda:N"."""
    fits: bool
    preset: str = ""
    """The memory preset that would be used; empty for an engine without."""
    fitting_preset: str = ""
    """The largest preset that can be chosen and fits; empty where none does."""
    fitting_bytes: int | None = None
    camera_helps: bool = False
    """Whether it would fit without the moving camera."""


@runtime_checkable
class Engine(Protocol):
    """Makes the finished frames of a job. Making an engine imports nothing heavy.

    One whose frames come out the same whichever are asked for together has `frames_apart = True`.
    """

    name: str
    """What settings call it."""
    label: str
    """What people call it."""
    seconds_a_frame: float
    """Roughly, at 512x512; it only divides the progress bar until the pace is known."""

    def missing(self, settings: Settings) -> list[Missing]:
        """What keeps the engine from running with these settings; empty when it can. Cheap."""

    def fingerprint(self, settings: Settings) -> dict[str, str]:
        """Everything of the settings and the engine that changes its frames, for stage hashes."""

    def memory_need(self, settings: Settings, size: tuple[int, int], count: int) -> MemoryNeed:
        """What `count` frames of `size` (width, height) would take, also where it is too much.

        Raises an MFError for settings that it cannot work with.
        """

    def render(
        self, job: EngineJob, indices: Sequence[int], reporter: Reporter
    ) -> Iterator[tuple[int, Picture]]:
        """Yield (index, finished frame at the clip's size) for each of `indices`, ascending.

        Frames already on disk are left out of `indices` by the caller. Long work before the first
        frame keeps its checkpoints in `job.work` and goes on from them when called again.
        """


def refuse_missing(engine: Engine, settings: Settings, code: str) -> None:
    """Raise MissingComponentError with `code` where the engine lacks something, and say what."""
    lacks = engine.missing(settings)
    if lacks:
        raise MissingComponentError(
            code,
            f"The engine {engine.name} lacks {', '.join(item.what for item in lacks)}.",
            " ".join(dict.fromkeys(item.how for item in lacks)),
        )
