"""Every metric of a result against the truth: in all, inside and outside of masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import Reporter
from mf_backend.metrics import METRICS
from mf_backend.metrics.base import FramePair, Inside


@dataclass(frozen=True)
class Scores:
    """Mean over frames by metric and region, and metrics that could not be measured."""

    frames: int
    values: dict[str, dict[str, float]]
    missing: dict[str, str] = field(default_factory=dict)
    """Metric name: one sentence on what is lacking and how to get it."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-serialisable form."""
        return {"frames": self.frames, "metrics": self.values, "missing": self.missing}


def score(
    pairs: Iterator[tuple[Picture, Picture, Inside | None]], total: int, reporter: Reporter
) -> Scores:
    """Score pairs of (result, truth, inside mask or None) one frame at a time."""
    metrics = [METRICS.load(name) for name in METRICS.names()]
    lacking = {
        metric.name: sentence for metric in metrics if (sentence := metric.missing()) is not None
    }
    able = [metric for metric in metrics if metric.name not in lacking]
    frames = 0
    reporter.begin("evaluate", total)
    for frames, (result, truth, inside) in enumerate(pairs, 1):
        pair = FramePair(result, truth, _regions(result, inside))
        for metric in able:
            metric.add(pair)
        reporter.advance(frames)
    values = {}
    for metric in able:
        try:
            values[metric.name] = metric.values()
        except InputError as error:
            lacking[metric.name] = error.message
    return Scores(
        frames, {name: by_region for name, by_region in values.items() if by_region}, lacking
    )


def _regions(picture: Picture, inside: Inside | None) -> dict[str, Inside]:
    """The picture's regions with at least one pixel, by name."""
    regions = {"all": np.ones(picture.shape[:2], bool)}
    if inside is not None:
        regions |= {"inside": inside, "outside": ~inside}
    return {name: where for name, where in regions.items() if where.any()}
