"""What the queue works off: jobs, and analyses of clips."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mf_backend.contracts.request import Reference, Settings
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.runner import mark_cancelled, run_job
from mf_backend.jobs.tracker import JobListener, JobTracker
from mf_backend.protocol.messages import Notice

if TYPE_CHECKING:
    from mf_backend.jobs.analysis.run import ActorOrder

OnStart = Callable[[JobTracker, int], None]


class Work(Protocol):
    """One thing to do. What goes wrong is raised."""

    @property
    def folder(self) -> Path:
        """Where its results go."""

    @property
    def log(self) -> str:
        """Path of its log; empty where that is not known before its end."""

    @property
    def alone(self) -> bool:
        """Whether the queue may hold only one for a folder."""

    def run(
        self, listener: JobListener, cancelled: threading.Event, on_start: OnStart
    ) -> tuple[Notice, dict[str, Any]]:
        """Do it to its end; how that is told, without the id."""

    def cancel_waiting(self) -> None:
        """It was cancelled before it began."""


@dataclass(frozen=True)
class JobWork:
    """A job's folder, to be worked on to its end."""

    folder: Path
    alone: bool = True

    @property
    def log(self) -> str:
        """See Work."""
        return str(JobFolder(self.folder).log)

    def run(
        self, listener: JobListener, cancelled: threading.Event, on_start: OnStart
    ) -> tuple[Notice, dict[str, Any]]:
        """See Work."""
        result = run_job(self.folder, listener, cancelled, echo=True, on_start=on_start)
        return Notice.DONE, {
            "frames": str(result.frames),
            "mp4": str(result.mp4),
            "report": str(result.report),
            "count": result.count,
        }

    def cancel_waiting(self) -> None:
        """See Work."""
        mark_cancelled(self.folder)


@dataclass(frozen=True)
class AnalysisWork:
    """The actor of a clip, to be analysed into a folder of actors."""

    folder: Path
    reference: Reference
    settings: Settings
    alone: bool = False
    log: str = ""

    def run(
        self, listener: JobListener, cancelled: threading.Event, on_start: OnStart
    ) -> tuple[Notice, dict[str, Any]]:
        """See Work."""
        from mf_backend.jobs.analysis.run import analyse_clip

        result = analyse_clip(self.order(listener, cancelled, on_start))
        return Notice.ANALYSED, result.plain()

    def order(
        self, listener: JobListener, cancelled: threading.Event, on_start: OnStart
    ) -> ActorOrder:
        """What is asked for, and who hears of it."""
        from mf_backend.jobs.analysis.run import ActorOrder

        return ActorOrder(
            self.reference, self.settings, self.folder, listener, cancelled, on_start, echo=True
        )

    def cancel_waiting(self) -> None:
        """See Work; nothing was written yet."""


@dataclass(frozen=True)
class TuningWork(AnalysisWork):
    """The same clip and actor, for the diffusion engine of the settings to learn."""

    steps: int = 0

    def run(
        self, listener: JobListener, cancelled: threading.Event, on_start: OnStart
    ) -> tuple[Notice, dict[str, Any]]:
        """See Work."""
        from mf_backend.jobs.tuning.run import tune_clip

        result = tune_clip(self.order(listener, cancelled, on_start), self.steps)
        return Notice.TUNED, result.plain()
