"""Learned perceptual similarity (Zhang et al. 2018), its map averaged over the region."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from mf_backend.metrics.base import FramePair, RegionMeans
from mf_backend.metrics.networks import NeededNetwork, missing

NETWORK = NeededNetwork(
    ("lpips", "torchvision"),
    "pip install lpips torchvision",
    "alexnet-owt-7be5be79.pth",
    "It is torchvision's AlexNet for ImageNet (233 MB): on a machine with a connection run "
    "`python -c \"import torchvision; torchvision.models.alexnet(weights='IMAGENET1K_V1')\"`",
)
_SMALLEST = 64
"""The network sees pictures of at least this many pixels a side."""


class LPIPS(RegionMeans):
    """With AlexNet."""

    name = "lpips"
    label = "LPIPS"

    def missing(self) -> str | None:
        """See Metric."""
        return missing(NETWORK)

    @cached_property
    def _network(self) -> Any:
        """What returns a map [1, 1, height, width]."""
        import lpips

        return lpips.LPIPS(net="alex", spatial=True, verbose=False).eval()

    def add(self, pair: FramePair) -> None:
        """See Metric."""
        import torch

        a, b = pair.tensors
        with torch.no_grad():
            values = self._network(*(_at_least(t) / 127.5 - 1 for t in (a, b)))
        values = torch.nn.functional.interpolate(values, a.shape[-2:], mode="bilinear")
        self.keep_map(pair, np.asarray(values[0, 0].numpy(), np.float32))


def _at_least(tensor: Any) -> Any:
    import torch

    height, width = tensor.shape[-2:]
    grow = max(1.0, _SMALLEST / min(height, width))
    if grow == 1.0:
        return tensor
    size = (math.ceil(height * grow), math.ceil(width * grow))
    return torch.nn.functional.interpolate(tensor, size, mode="bilinear")
