"""What was found on single frames of a clip, kept so that it need not be found again.

Estimators note what took long, frame by frame; whoever analyses a clip gives them a place for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.checks.npz import WantedArray

Arrays = dict[str, NDArray[Any]]
EVERYBODY = "people-"
"""How kinds begin that say who is on a frame at all, whoever of them is followed."""


class Findings(Protocol):
    """Arrays by kind and frame. `kind` is a word that names what made them, and how; frames are
    counted from the first that the clip at hand uses."""

    def load(self, kind: str, frame: int, wanted: Mapping[str, WantedArray]) -> Arrays | None:
        """What was kept; None where nothing was, or where it is damaged."""

    def keep(self, kind: str, frame: int, arrays: Arrays) -> None:
        """Keep it, whole or not at all. Raises OutputError where the disk refuses."""

    def forget(self, kind: str, frame: int) -> None:
        """Drop what was kept, if anything."""

    def follow(self, joints: NDArray[np.float64]) -> None:
        """Hear roughly where the actor is, [frames, 18, 2] in pixels, NaN where not known: what
        needs no more than that can begin beside the joints."""


class NoFindings:
    """Findings that keep nothing."""

    def load(self, kind: str, frame: int, wanted: Mapping[str, WantedArray]) -> Arrays | None:
        """See Findings."""
        return None

    def keep(self, kind: str, frame: int, arrays: Arrays) -> None:
        """See Findings."""

    def forget(self, kind: str, frame: int) -> None:
        """See Findings."""

    def follow(self, joints: NDArray[np.float64]) -> None:
        """See Findings."""


NO_FINDINGS = NoFindings()
