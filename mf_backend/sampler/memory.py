"""How the work is cut so that it fits a card; nothing here changes what is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from mf_backend.models.runner import Slicing


@dataclass(frozen=True)
class MemoryPlan:
    """frames: frames at a time in layers that do not mix them (None = all).
    pixels: pixels at a time in the motion modules (None = all).
    recompute: keep only the input of each layer for the guidance's backward pass.
    coarse: with `recompute`, keep only the input of each group of residual block, transformer
        and motion module, and recompute them twice.
    """

    frames: int | None = None
    pixels: int | None = None
    recompute: bool = True
    coarse: bool = False

    @property
    def slicing(self) -> Slicing:
        """As the runners take it."""
        return Slicing(self.frames, self.pixels)


@contextmanager
def resident(network: Any, device: torch.device, dtype: torch.dtype | None = None) -> Iterator[Any]:
    """Have `network` on `device` for a while, then put it back where it was."""
    first = next(network.parameters())
    before, kind = first.device, first.dtype
    torch.nn.Module.to(network, device=device, dtype=dtype or kind)
    try:
        yield network
    finally:
        torch.nn.Module.to(network, device=before, dtype=kind)
