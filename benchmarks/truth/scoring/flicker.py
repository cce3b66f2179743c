"""Flicker: what a result does from one frame to the next that the truth does not."""

from __future__ import annotations

import numpy as np

from mf_backend.contracts.frames import Picture

from .regions import Inside, Region, TrueFrame


class Flicker:
    """Mean over frames and pixels of |(R[t] - R[t-1]) - (T[t] - T[t-1])|, in levels 0..255.

    R is the result, T the truth, a pixel's difference the mean over its channels, a region that of
    both frames together. An error that stands still counts nothing, one that jumps counts twice.
    """

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._regions: dict[Region, Inside] = {}
        self._values: dict[str, list[float]] = {}

    def add(self, result: Picture, truth: TrueFrame) -> None:
        """Look at the next frame."""
        error = result.astype(np.int16) - truth.picture.astype(np.int16)
        if self._before is not None:
            change = np.abs(error - self._before).mean(axis=-1, dtype=np.float32)
            for region in self._regions.keys() | truth.regions.keys():
                both = [r[region] for r in (self._regions, truth.regions) if region in r]
                where = np.logical_or.reduce(both)
                self._values.setdefault(str(region), []).append(float(change[where].mean()))
        self._before, self._regions = error, truth.regions

    def means(self) -> dict[str, float]:
        """By region; nothing for a single frame."""
        return {region: float(np.mean(found)) for region, found in self._values.items()}
