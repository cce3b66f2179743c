"""Structural similarity (Wang et al. 2004), its map averaged over the region."""

from __future__ import annotations

import numpy as np

from mf_backend.metrics.base import FramePair, RegionMeans


class SSIM(RegionMeans):
    """With a Gaussian window of sigma 1.5 and data range 255."""

    name = "ssim"
    label = "SSIM"

    def add(self, pair: FramePair) -> None:
        """See Metric."""
        from torchmetrics.functional.image import structural_similarity_index_measure

        a, b = pair.tensors
        _, full = structural_similarity_index_measure(
            a, b, gaussian_kernel=True, sigma=1.5, data_range=255.0, return_full_image=True
        )
        self.keep_map(pair, np.asarray(full[0].mean(0).numpy(), np.float32))
