"""Figures of a result's pictures against the truth's, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import Picture
from mf_backend.metrics import METRICS
from mf_backend.metrics.base import FramePair

from .drift import Drift
from .flicker import Flicker
from .regions import Region, TrueFrame

CHEAP = ("psnr", "ssim")
"""Metrics that look at every frame."""
_LOOKS = 6
"""How many frames of a clip the networks look at, evenly."""
_MARGIN = 32
"""Pixels around the union that they see."""
_LOOKED_AT = (Region.UNION, Region.ACTOR, Region.VACATED)


@dataclass(frozen=True)
class PictureScores:
    """Figures by metric and region, and by frame."""

    means: dict[str, dict[str, float]]
    frames: dict[str, list[float | None]]
    """PSNR and SSIM of the union on each frame; None where it is empty."""
    drift: dict[str, float]
    missing: dict[str, str] = field(default_factory=dict)
    """Metric: why it could not be measured."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-serialisable form."""
        frames = {
            name: [None if value is None else round(value, 4) for value in values]
            for name, values in self.frames.items()
        }
        return {**self.means, "drift": self.drift, "frames": frames}


class PictureScorer:
    """Scores one result of `count` frames, given one after the other; `networks`: also by those
    metrics that have one, which take a second a picture."""

    def __init__(self, count: int, networks: bool = True) -> None:
        loaded = [METRICS.load(name) for name in METRICS.names()]
        self._cheap = {metric.name: metric for metric in loaded if metric.name in CHEAP}
        asked = [metric for metric in loaded if metric.name not in CHEAP] if networks else []
        self._missing = {m.name: why for m in asked if (why := m.missing()) is not None}
        self._networks = [metric for metric in asked if metric.name not in self._missing]
        self._looked = {round(i) for i in np.linspace(0, count - 1, min(_LOOKS, count))}
        self._flicker = Flicker()
        self._drift = Drift(count)
        self._index = 0
        self._frames: dict[str, list[float | None]] = {name: [] for name in CHEAP}

    def add(self, result: Picture, truth: TrueFrame) -> None:
        """Look at the next frame."""
        index, self._index = self._index, self._index + 1
        pair = FramePair(result, truth.picture, {str(r): w for r, w in truth.regions.items()})
        for name, metric in self._cheap.items():
            metric.add(pair)
            has_union = Region.UNION in truth.regions
            self._frames[name].append(metric.last(Region.UNION) if has_union else None)
        if index in self._looked and self._networks and Region.UNION in truth.regions:
            cut = cut_out(pair)
            for metric in self._networks:
                metric.add(cut)
        self._flicker.add(result, truth)
        self._drift.add(result, truth)

    def scores(self) -> PictureScores:
        """After the last frame."""
        missing = dict(self._missing)
        means = {name: metric.values() for name, metric in self._cheap.items()}
        for metric in self._networks:
            try:
                means[metric.name] = metric.values()
            except InputError as error:
                missing[metric.name] = error.message
        means["flicker"] = self._flicker.means()
        return PictureScores(means, self._frames, self._drift.figures(), missing)


def cut_out(pair: FramePair) -> FramePair:
    """The part of a frame around the union, with the regions in which networks are asked."""
    union = pair.regions[Region.UNION]
    rows, columns = (np.flatnonzero(union.any(axis=axis)) for axis in (1, 0))
    part = tuple(
        slice(max(0, int(line[0]) - _MARGIN), int(line[-1]) + 1 + _MARGIN)
        for line in (rows, columns)
    )
    regions = {name: where[part] for name, where in pair.regions.items() if name in _LOOKED_AT}
    return FramePair(pair.result[part], pair.truth[part], regions)


def moved(picture: Picture, pixels: int) -> Picture:
    """A picture moved to the right, its left column repeated."""
    columns = np.maximum(np.arange(picture.shape[1]) - pixels, 0)
    shifted: Picture = picture[:, columns]
    return shifted


def over(front: Picture, back: Picture, matte: NDArray[np.uint8]) -> Picture:
    """One picture over another through a matte [height, width], 255 = front."""
    share = matte[..., None].astype(np.float32) / 255.0
    mixed: Picture = np.rint(front * share + back * (1 - share)).astype(np.uint8)
    return mixed
