"""A clip that is nowhere but in memory."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


class Frames:
    """Frames in memory as a clip."""

    def __init__(self, frames: list[Picture]) -> None:
        self._frames = frames

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self._frames)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self._frames[0].shape[1], self._frames[0].shape[0]

    @property
    def fps(self) -> Fraction:
        """Frames a second."""
        return Fraction(24)

    def read(self, index: int) -> Picture:
        """One frame."""
        return self._frames[index]

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Picture]:
        """Frames in order."""
        return iter(self._frames[start:stop])
