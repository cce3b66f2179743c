"""The interface behind which mask estimators sit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import FrameSource

Matte = NDArray[np.uint8]
"""[height, width], 255 where all of a pixel is the actor's."""


@runtime_checkable
class MaskEstimator(Protocol):
    """Makes a matte of the people in each frame. Making one loads nothing."""

    name: str
    """What settings call it."""
    label: str
    """What people call it."""

    def require(self) -> None:
        """Raise MissingComponentError, with how to get it, where something it needs is not here.

        Cheap: it is asked before any work.
        """

    def mattes(
        self, clip: FrameSource, joints: NDArray[Any], frames: Sequence[int], device: str = "auto"
    ) -> Iterator[tuple[int, Matte]]:
        """Load the network and yield (frame, matte) for ascending `frames`, at the clip's size.

        `joints` [clip.count, 60, 2] say where the actor is, in the clip's pixels, NaN absent;
        `device` as in Settings. Raises MissingComponentError where the network cannot be loaded.
        """
