"""The plain port that measurements compare with. It is not part of the product."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import mf_backend
from mf_backend.bench.settings import BenchSettings
from mf_backend.contracts.errors import MissingComponentError
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.conditions import Conditions
from mf_backend.sampler.options import SamplerOptions

_PICTURE = 8


@dataclass
class Baseline:
    """The plain port with latents to start any step from."""

    port: Any
    latents: Tensor
    """[1, 4, frames, h, w]."""

    @property
    def networks(self) -> list[torch.nn.Module]:
        """Denoiser and estimator."""
        return [self.port.denoiser, self.port.estimator]

    def step(self, index: int) -> None:
        """Step `index` of the reconstruction and of the edit."""
        self.port.latents = [self.latents] * index
        self.port.reconstruct_step(index, self.latents)
        self.port.edit_step(index, self.latents, lambda: torch.zeros_like(self.latents))


def _plain_port() -> Any:
    assert mf_backend.__file__ is not None
    root = str(Path(mf_backend.__file__).resolve().parent.parent)
    if root not in sys.path:
        sys.path.append(root)
    try:
        from benchmarks.plain_port import networks, pipeline
    except ImportError as error:
        if not (error.name or "").startswith("benchmarks"):
            raise
        raise MissingComponentError(
            "baseline-missing",
            "The baseline of this measurement is kept in the source repository, not in the "
            "installed package.",
            "Run it from a checkout of the repository.",
        ) from None
    return networks, pipeline


def make_baseline(
    settings: BenchSettings, models: ModelSet, conditions: Conditions, options: SamplerOptions
) -> Baseline:
    """A plain port with copies of the models' weights, on the same device and in the same dtype.

    The guidance guards against steps that the options leave unguided being compared: both sides
    follow the released step numbers.
    """
    _, pipeline = _plain_port()
    given = conditions.kept()
    estimator = models.estimator if models.estimator is not None else models.unet
    make: Callable[..., Any] = pipeline.plain_unet
    denoiser = make(models.config, models.unet.state_dict(), False)
    second = make(models.config, estimator.state_dict(), True)
    height, width = conditions.padded
    frames, device, dtype = conditions.frames, conditions.device, conditions.dtype

    def full_size(mask: Tensor) -> Tensor:
        return torch.nn.functional.interpolate(mask, (height, width)).to(dtype)

    inputs = pipeline.PlainInputs(
        token=torch.zeros(
            frames, 1, models.config.unet.cross_attention_dim, device=device, dtype=dtype
        ),
        source_pose=given.source.pose.contiguous(),
        target_pose=given.target.pose.contiguous(),
        pictures=torch.zeros(frames, 3, height, width, device=device, dtype=dtype),
        source_mask=full_size(given.masks.source),
        target_mask=full_size(given.masks.target),
    )
    port = pipeline.PlainPort(
        models.config,
        denoiser,
        second,
        inputs,
        steps=settings.steps,
        cfg=settings.cfg,
        energy_scale=options.energy_scale,
        camera=settings.moving_camera,
    )
    shape = (1, 4, frames, height // _PICTURE, width // _PICTURE)
    if device.type == "meta":
        latents = torch.empty(shape, device=device, dtype=dtype)
    else:
        latents = torch.randn(shape, device=device).to(dtype)
    return Baseline(port, latents)
