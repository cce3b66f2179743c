"""How far a run goes, and where its job folder is made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Goal(Enum):
    """What a run is to leave."""

    SKELETONS = "skeletons"
    """What the rig says, as pictures and joints; no job."""
    JOB = "job"
    """A job folder that any machine can work on."""
    TAKE = "take"
    """A take in the Sequencer."""


@dataclass(frozen=True)
class Order:
    """What is wanted of one run."""

    goal: Goal = Goal.TAKE
    folder: Path | None = None
    """The job folder itself; None: a new one with a name of its own, beside the others."""
    made_from: str = ""
    """Hash of the shot and of the .blend; kept in the job, so that it is known again later."""
    pack: bool = False
    """Whether the clip and the user's own files are copied into the job folder."""


A_TAKE = Order()
