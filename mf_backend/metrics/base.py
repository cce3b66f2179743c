"""The interface behind which metrics sit, and what they look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import Picture

Inside = NDArray[np.bool_]
REGIONS = ("all", "inside", "outside")


@dataclass(frozen=True)
class FramePair:
    """One frame of the result, the true one, and its regions that are not empty."""

    result: Picture
    truth: Picture
    regions: Mapping[str, Inside]

    @cached_property
    def tensors(self) -> tuple[Any, Any]:
        """Result and truth as float tensors [1, 3, height, width], 0..255."""
        return as_tensor(self.result), as_tensor(self.truth)


def as_tensor(picture: Picture) -> Any:
    """A picture as float tensor [1, 3, height, width], 0..255."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float()


@runtime_checkable
class Metric(Protocol):
    """Scores a result, one frame after the other. Each evaluation makes its own."""

    name: str
    label: str
    """As a table shows it, with its unit."""

    def missing(self) -> str | None:
        """One sentence on what is lacking and how to get it; None where it can be measured."""

    def add(self, pair: FramePair) -> None:
        """Look at one frame; only after `missing` said None."""

    def values(self) -> dict[str, float]:
        """The score by region. Raises InputError where the frames were too few to tell."""


class RegionMeans:
    """Means over frames by region, for metrics that score each frame on its own."""

    def __init__(self) -> None:
        self._scores: dict[str, list[float]] = {}

    def missing(self) -> str | None:
        """See Metric."""
        return None

    def keep(self, region: str, score: float) -> None:
        """Note a frame's score of a region."""
        self._scores.setdefault(region, []).append(score)

    def last(self, region: str) -> float:
        """The score of a region in the last frame that had it."""
        return self._scores[region][-1]

    def keep_map(self, pair: FramePair, scores: NDArray[np.float32]) -> None:
        """Note the means over each region of a frame's scores [height, width]."""
        for region, where in pair.regions.items():
            self.keep(region, float(scores[where].mean()))

    def values(self) -> dict[str, float]:
        """See Metric."""
        return {region: float(np.mean(found)) for region, found in self._scores.items()}
