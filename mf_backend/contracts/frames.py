"""Frames of a clip: one picture, and what gives the pictures of a whole clip."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

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
