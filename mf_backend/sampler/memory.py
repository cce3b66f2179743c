"""How the work is cut so that it fits a card; nothing here changes what is computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mf_backend.models.key_map import ADAPTER
from mf_backend.models.model_set import ModelSet
from mf_backend.models.running.runner import Slicing


@dataclass(frozen=True)
class MemoryPlan:
    """frames: frames at a time in layers that do not mix them (None = all).
    pixels: pixels at a time in the motion modules (None = all).
    kept: graphs are kept for the guidance's backward pass of layers on at most this share of the
        latents' pixels (0 none, 1 all); of the others only the input is kept, and they run again.
    coarse: of those others, only the input of each group of residual block, transformer and
        motion module is kept, and they run twice again.
    """

    frames: int | None = None
    pixels: int | None = None
    kept: float = 0.0
    coarse: bool = False

    @property
    def slicing(self) -> Slicing:
        """As the runners take it."""
        return Slicing(self.frames, self.pixels)


def park(models: ModelSet) -> None:
    """Move what the denoising never runs to main memory; `resident` brings it back for its use.

    Does nothing on the meta device, where nothing takes memory.
    """
    if models.device.type != "meta":
        for network in models.outside_denoising():
            network.to("cpu")


def denoising_weights(models: ModelSet) -> list[Tensor]:
    """What lies on the device all through the denoising: the UNets without their adapters."""
    networks = [models.unet, *([] if models.estimator is None else [models.estimator])]
    return [
        tensor
        for network in networks
        for name, tensor in (*network.named_parameters(), *network.named_buffers())
        if not name.startswith(ADAPTER)
    ]


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
