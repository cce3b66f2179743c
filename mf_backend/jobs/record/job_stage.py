"""A stage as a job does it: once, with what it leaves recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mf_backend.jobs.record.frames import FinishedFrames
from mf_backend.jobs.tracker import JobTracker


@dataclass(frozen=True)
class JobStage:
    """One stage that is done once and kept."""

    name: str
    depends: Callable[[], Any]
    """Everything besides earlier stages' results that changes this one's, as JSON values."""
    files: Callable[[int], tuple[str, ...]]
    """Paths inside the job folder of all that it leaves for a clip of so many frames."""
    opens: Callable[[], bool]
    """Whether all of that can be read; asked where no record says what it was."""
    run: Callable[[JobTracker, str], int | None]
    """Do the work, whose results are made from what the hash stands for; may return the number of
    frames it made."""
    beside: Callable[[int], tuple[str, ...]] = lambda count: ()
    """Paths of what it may leave besides: on record where it is there, and no stage without it is
    incomplete."""
    frames: FinishedFrames | None = None
    """Set where single files are kept and made again."""
