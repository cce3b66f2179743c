"""An encoder that is one linear map of square patches, for autoencoders that learn to decode only.

The sampler decodes and never encodes; training, and starting from a picture, need latents of
pictures. A linear map gives them exactly and in no time, and has nothing to learn.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_CERTAIN = -30.0
"""Logarithm of a variance that is none."""


class PatchEncoder(nn.Module):
    """Stands where an AutoencoderKL has its encoder: one strided convolution, without a spread."""

    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(3, channels, side, stride=side)

    def forward(self, pictures: Tensor) -> Tensor:
        """`pictures` [n, 3, H, W] in [-1, 1]; mean and log variance [n, 2 channels, h, w]."""
        mean = self.project(pictures)
        return torch.cat([mean, torch.full_like(mean, _CERTAIN)], dim=1)
