"""Peak signal-to-noise ratio on 8-bit values."""

from __future__ import annotations

import math

from mf_backend.metrics.base import FramePair, RegionMeans

IDENTICAL = 100.0
"""What an identical frame counts in the mean, in dB; its true value is infinite."""


class PSNR(RegionMeans):
    """See the module."""

    name = "psnr"
    label = "PSNR (dB)"

    def add(self, pair: FramePair) -> None:
        """See Metric."""
        import torch
        from torchmetrics.functional.image import peak_signal_noise_ratio

        a, b = pair.tensors
        for region, where in pair.regions.items():
            chosen = torch.from_numpy(where)
            value = float(
                peak_signal_noise_ratio(a[0][:, chosen], b[0][:, chosen], data_range=255.0)
            )
            self.keep(region, value if math.isfinite(value) else IDENTICAL)
