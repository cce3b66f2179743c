"""The stages of a run."""

from __future__ import annotations

from enum import Enum


class FlowStage(Enum):
    """Where a run stands, in order."""

    STARTING = "Starting the backend"
    PROBING = "Looking at the clip"
    SAMPLING = "Reading the motion"
    WRITING = "Writing the job"
    BACKEND = "Working"
    BRINGING_IN = "Finished; waits for its scene"
    DONE = "Done"
    FAILED = "Failed"
    CANCELLED = "Cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self in (FlowStage.DONE, FlowStage.FAILED, FlowStage.CANCELLED)
