"""What was found of an actor in a clip, with where its frames lie on the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ActorMaterial:
    """An actor over `n` frames of a clip."""

    name: str
    """What the clip is called."""
    clip: str
    """Its path."""
    first: int
    """Which frame of the clip the first one is."""
    size: tuple[int, int]
    """(width, height) of the clip in pixels."""
    fps: float
    joints: NDArray[np.float64]
    """[n, 60, 2] pixels, NaN absent; with what was put right."""
    states: NDArray[np.uint8]
    """[n, 60] a JointState each."""
    world: NDArray[np.float64] | None
    """[n, 60, 3] metres as the estimator guessed them; None where it did not."""
    frames: tuple[float, ...]
    """Scene frame that shows each of the clip's frames."""
    mends: Path
    """Folder of what a person put right of this actor."""

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.joints)
