"""Peak signal-to-noise ratio on 8-bit values."""

from __future__ import annotations

import math

import numpy as np

from mf_backend.metrics.base import FramePair, RegionMeans

IDENTICAL = 100.0
"""What an identical frame counts in the mean, in dB; its true value is infinite."""
_PEAK = 255.0


class PSNR(RegionMeans):
    """See the module."""

    name = "psnr"
    label = "PSNR (dB)"

    def add(self, pair: FramePair) -> None:
        """See Metric."""
        apart = pair.result.astype(np.float32) - pair.truth
        squares = np.square(apart, out=apart).mean(axis=-1)
        for region, where in pair.regions.items():
            error = float(squares[where].mean(dtype=np.float64))
            value = 10 * math.log10(_PEAK**2 / error) if error else IDENTICAL
            self.keep(region, value)
