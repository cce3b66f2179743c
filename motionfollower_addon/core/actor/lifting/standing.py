"""Which foot stands when: while a place at rest in the world is seen where its ankle was found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .camera_rows import Views

Array = NDArray[np.float64]


def runs(views: Views, places: Array, pixels: Array, shortest: float, still: float) -> list[slice]:
    """Frames in a row on which an ankle rests.

    `places` [n, 3] are where it is about in the world and `pixels` [n, 2] where it was found, NaN
    absent; a run has `shortest` frames at least, and `still` pixels are what it may be off.
    """
    known = np.isfinite(pixels).all(axis=-1)
    found, first, count = [], 0, len(pixels)
    while first < count:
        stop = first
        while stop < count and known[stop]:
            run = slice(first, stop + 1)
            if _unrest(views, places[run], pixels[run], run) > still:
                break
            stop += 1
        if stop - first >= max(3.0, shortest):
            found.append(slice(first, stop))
        first = max(stop, first + 1)
    return found


def _unrest(views: Views, places: Array, pixels: Array, run: slice) -> float:
    """Pixels between where a foot was found and where the mean of its places is seen."""
    rest = places.mean(axis=0)
    placed = views.rows[run, :, :3] @ rest + views.rows[run, :, 3]
    return float(np.linalg.norm(placed[:, :2] / placed[:, 2:] - pixels, axis=-1).max())
