"""Fréchet Inception distance (Heusel et al. 2017) over all frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from mf_backend.contracts.errors import InputError
from mf_backend.metrics.base import FramePair, as_tensor
from mf_backend.metrics.networks import NeededNetwork, missing

NETWORK = NeededNetwork(
    ("torch_fidelity",),
    "pip install torch-fidelity",
    "weights-inception-2015-12-05-6726825d.pth",
    "It is the Inception network of the FID paper (91 MB), from the releases of the project "
    "torch-fidelity on GitHub",
)
_GREY = 128


class FID:
    """With the 2048 Inception features; other regions are painted grey in both pictures."""

    name = "fid"
    label = "FID"

    def __init__(self) -> None:
        self._distances: dict[str, Any] = {}
        self._frames = 0

    def missing(self) -> str | None:
        """See Metric."""
        return missing(NETWORK)

    def add(self, pair: FramePair) -> None:
        """See Metric."""
        from torchmetrics.image.fid import FrechetInceptionDistance

        self._frames += 1
        for region, where in pair.regions.items():
            if region not in self._distances:
                self._distances[region] = FrechetInceptionDistance(feature=2048, normalize=False)
            for picture, real in ((pair.result, False), (pair.truth, True)):
                shown = np.where(where[..., None], picture, np.uint8(_GREY))
                self._distances[region].update(as_tensor(shown).byte(), real=real)

    def values(self) -> dict[str, float]:
        """See Metric."""
        if self._frames < 2:
            raise InputError("evaluate-frames", "FID needs at least two frames.")
        return {region: float(metric.compute()) for region, metric in self._distances.items()}
