"""Drift: how the actor's colour and sharpness wander from the first to the last twentieth."""

from __future__ import annotations

import math

import numpy as np

from mf_backend.contracts.frames import Picture

from .regions import Region, TrueFrame

_SHARE = 20


class Drift:
    """`colour`: how far the mean colour error (result less truth, inside the truth's actor) moved
    from the first twentieth of the frames to the last, in levels 0..255. `sharpness`: the actor's
    sharpness (mean slope of brightness) over the truth's, last twentieth over first; 1 is none."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._part = max(1, round(count / _SHARE))
        self._index = 0
        self._colours: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        self._slopes: tuple[list[float], list[float]] = ([], [])

    def add(self, result: Picture, truth: TrueFrame) -> None:
        """Look at the next frame."""
        index, self._index = self._index, self._index + 1
        last = index >= self._count - self._part
        if not (last or index < self._part) or Region.ACTOR not in truth.regions:
            return
        where = truth.regions[Region.ACTOR]
        error = result[where].astype(np.float64) - truth.picture[where]
        self._colours[last].append(error.mean(axis=0))
        inside = truth.regions.get(Region.INSIDE, where)
        steep = _slope(truth.picture)[inside].mean()
        if steep > 0:
            self._slopes[last].append(float(_slope(result)[inside].mean() / steep))

    def figures(self) -> dict[str, float]:
        """Nothing where the actor is out of the picture at either end."""
        told = {}
        if all(self._colours):
            first, last = (np.mean(part, axis=0) for part in self._colours)
            told["colour"] = float(np.abs(last - first).mean())
        if all(self._slopes):
            begun, ended = (float(np.mean(part)) for part in self._slopes)
            if begun > 0 and math.isfinite(ended):
                told["sharpness"] = ended / begun
        return told


def _slope(picture: Picture) -> np.ndarray:
    """Steepness of brightness [height, width], levels a pixel."""
    grey = picture.mean(axis=-1)
    down, across = np.gradient(grey)
    return np.hypot(down, across)
