"""Structural similarity (Wang et al. 2004), its map averaged over the region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.metrics.base import FramePair, RegionMeans

_SIGMA, _SIDE = 1.5, 11
"""Of the Gaussian window that moments are taken in."""
_SMALL = ((0.01 * 255) ** 2, (0.03 * 255) ** 2)
"""The paper's constants C1 and C2."""


class SSIM(RegionMeans):
    """With a Gaussian window of sigma 1.5 and data range 255."""

    name = "ssim"
    label = "SSIM"

    def add(self, pair: FramePair) -> None:
        """See Metric."""
        self.keep_map(pair, similarity(pair.result, pair.truth))


def similarity(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The map [height, width] of two pictures, the mean over their channels.

    The window is separable, which OpenCV uses: a sixth of the time of a convolution in torch.
    """
    import cv2

    def around(values: NDArray[np.float32]) -> NDArray[np.float32]:
        mean: NDArray[np.float32] = cv2.GaussianBlur(
            values, (_SIDE, _SIDE), _SIGMA, borderType=cv2.BORDER_REFLECT
        )
        return mean

    # Around the middle grey: the squares that are taken from each other stay small.
    a, b = (picture.astype(np.float32) - 127.5 for picture in (one, other))
    mean_a, mean_b = around(a), around(b)
    spread_a = around(a * a) - mean_a**2
    spread_b = around(b * b) - mean_b**2
    both = around(a * b) - mean_a * mean_b
    light_a, light_b = mean_a + 127.5, mean_b + 127.5
    c1, c2 = _SMALL
    luminance = (2 * light_a * light_b + c1) / (light_a**2 + light_b**2 + c1)
    structure = (2 * both + c2) / (spread_a + spread_b + c2)
    found: NDArray[np.float32] = (luminance * structure).mean(axis=-1)
    return found
