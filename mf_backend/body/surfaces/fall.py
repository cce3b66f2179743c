"""A skirt's surface: where the pixels of a target picture lie on the cloth, and on the clip's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.skirt import SHARES, Skirt, lay
from mf_backend.body.whole_skeleton import Points

Floats = NDArray[np.float32]

_WIDEST = 1.4
"""Cloth is shown to this many times its half width."""
_FADE = 0.2
_HEM = 0.05
"""Share of the legs' way over which the hem fades, and over which the waist does."""
_OVERLAP = 0.3
"""Share of the legs' way by which they go on above the hem, under the cloth."""


@dataclass(frozen=True)
class Fall:
    """Pixels [h, w] on the cloth."""

    skirt: Skirt
    """In the target's pixels."""
    share: Floats
    side: Floats
    rest: Floats
    """[h, w, 2] pixels from where the coordinates say that they lie."""

    def locate(self, source: Points, size: float) -> Floats:
        """Places float32 [h, w, 2] on the cloth about a source skeleton [24, 2]; `size` is source
        pixels for one target pixel."""
        levels = lay(source, self.skirt.scaled(size))
        return levels.spots(self.share, self.side) + np.float32(size) * self.rest

    @property
    def shown(self) -> Floats:
        """[h, w] how far cloth may be shown."""
        wide = np.clip((_WIDEST - np.abs(self.side)) / _FADE, 0, 1)
        low = np.clip((self.skirt.hem + _HEM - self.share) / _HEM, 0, 1)
        high = np.clip((self.share - np.float32(SHARES[0])) / (2 * _HEM), 0, 1)
        return np.asarray(wide * low * high, np.float32)

    @property
    def expected(self) -> Floats:
        """[h, w] where the measured cloth hangs."""
        inside = np.clip((1 - np.abs(self.side)) / _FADE, 0, 1)
        worn = (self.share >= 0) & (self.share <= self.skirt.hem)
        return np.asarray(inside * worn, np.float32)


def fall_of(points: Points, skirt: Skirt, x: Floats, y: Floats) -> Fall:
    """The pixels at x, y on the cloth about a skeleton [24, 2]."""
    levels = lay(points, skirt)
    share, side = levels.places(x, y)
    rest = np.stack([x, y], -1) - levels.spots(share, side)
    return Fall(skirt, share, side, rest)


def bare(skirt: Skirt, way: Floats) -> Floats:
    """How far a leg may be guessed at shares [h, w] of its way down: not high up under the cloth,
    which nobody sees."""
    return np.clip((way - np.float32(skirt.hem - _OVERLAP)) / _FADE, 0, 1)
