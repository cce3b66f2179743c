"""What a measurement runs with: networks of random weights, a clip size, a number format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import torch

from mf_backend.contracts.checks.fields import shown
from mf_backend.contracts.errors import InputError
from mf_backend.models.config import (
    AppearanceConfig,
    ModelConfig,
    PoseConfig,
    UNetConfig,
    full_config,
    tiny_config,
)


class Model(StrEnum):
    """Sizes of networks."""

    TINY = "tiny"
    MID = "mid"
    FULL = "full"


DTYPES = {
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
}


@dataclass(frozen=True)
class BenchSettings:
    """One measurement's setting. `size` is (width, height)."""

    model: Model
    frames: int
    size: tuple[int, int]
    steps: int
    cfg: float
    moving_camera: bool
    device: torch.device
    dtype: torch.dtype
    seed: int = 0

    def facts(self) -> dict[str, object]:
        """As plain values, for printing."""
        return {
            "model": self.model.value,
            "frames": self.frames,
            "width": self.size[0],
            "height": self.size[1],
            "steps": self.steps,
            "cfg": self.cfg,
            "moving_camera": self.moving_camera,
            "device": device_name(self.device),
            "dtype": str(self.dtype).removeprefix("torch."),
        }


def device_name(device: torch.device) -> str:
    """The card's name, or the device's."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return str(device)


def model_config(model: Model) -> ModelConfig:
    """Sizes of the networks of that name."""
    if model is Model.FULL:
        return full_config()
    if model is Model.TINY:
        return tiny_config()
    widths = (64, 128, 256, 256)
    return replace(
        full_config(),
        unet=UNetConfig(block_out_channels=widths, cross_attention_dim=128),
        appearance=AppearanceConfig(channels=widths),
        pose=PoseConfig(out_channels=64, block_out_channels=(8, 16, 24, 32)),
    )


_LARGEST_SIDE = 16384


def parse_size(text: str) -> tuple[int, int]:
    """ "512" or "768x512" to (width, height). Raises InputError."""
    parts = text.lower().split("x")
    try:
        sides = [int(part) for part in parts]
    except ValueError:
        sides = []
    if len(sides) not in (1, 2) or min(sides) < 64 or max(sides) > _LARGEST_SIDE:
        raise InputError(
            "bench-size",
            f"{shown(text)} is no size; write 512 or 768x512, sides from 64 to {_LARGEST_SIDE}.",
        )
    return sides[0], sides[-1]


def parse_device(text: str) -> torch.device:
    """A device of this machine, or "meta". Raises as the engine does."""
    from mf_backend.contracts.machine.devices import choose_device

    return torch.device("meta") if text == "meta" else choose_device(text).device
