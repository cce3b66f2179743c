"""Where a sampling run stands; enough to go on from after the process was killed."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import atomic_path
from mf_backend.models.config import ScheduleConfig
from mf_backend.sampler.conditions import Conditions
from mf_backend.sampler.noise.inpainting import draw
from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.units import first_position

_FORMAT = "motionfollower-sampler-2"
_WITHOUT_SUM = "motionfollower-sampler-1"
"""Written before states carried a hash of themselves."""


@dataclass
class SamplerState:
    """Latents [frames, 4, h, w] float32 of both branches, and what an unfinished step has so far.

    `position` counts the finished units of work (see `units.list_units`). `partial` holds sums
    over the windows done so far, and results that wait for the end of the step.
    """

    recon: Tensor
    edit: Tensor
    position: int
    generator: torch.Generator
    partial: dict[str, Tensor] = field(default_factory=dict)

    def add(self, name: str, frames: slice, values: Tensor, weight: Tensor) -> None:
        """Add a window's `values`, weighted for each frame, to the sum `name`."""
        total = self.partial.get(name)
        if total is None:
            total = self.partial[name] = torch.zeros_like(self.edit)
        total[frames] += values * weight.view(-1, 1, 1, 1)

    def save(self, path: Path) -> None:
        """Write the state to one file, whole or not at all."""
        from safetensors.torch import save_file

        tensors = {"recon": self.recon, "edit": self.edit}
        tensors |= {f"partial.{name}": value for name, value in self.partial.items()}
        tensors["generator"] = self.generator.get_state()
        plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        about = {"format": _FORMAT, "position": str(self.position)}
        with atomic_path(path) as temporary:
            save_file(plain, temporary, about | {"sha256": _sum(plain, about)})

    @staticmethod
    def load(path: Path, device: torch.device | str) -> SamplerState:
        """Read what `save` wrote; InputError where the file is not such a state."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "pt", device="cpu") as file:
                about = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            found = about.pop("sha256", "")
            if about.get("format") not in (_FORMAT, _WITHOUT_SUM):
                raise ValueError("another kind of file")
            if about["format"] == _FORMAT and found != _sum(tensors, about):
                raise ValueError("its contents are not what was written")
            generator = torch.Generator()
            generator.set_state(tensors.pop("generator"))
            recon, edit = (tensors.pop(name).to(device) for name in ("recon", "edit"))
            position = int(about["position"])
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise InputError(
                "sampler-state",
                f"The sampler state in {path} could not be read: {error}.",
                "Delete it to start this stage again.",
            ) from error
        partial = {name.removeprefix("partial."): v.to(device) for name, v in tensors.items()}
        return SamplerState(recon, edit, position, generator, partial)


def _sum(tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> str:
    """SHA-256 over tensors on the processor, and what is said about them."""
    digest = hashlib.sha256(repr(sorted(about.items())).encode())
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def initial_state(conditions: Conditions, options: SamplerOptions) -> SamplerState:
    """Both branches start from the same noise of `options.seed`."""
    generator = torch.Generator().manual_seed(options.seed)
    noise = draw(conditions.latent_shape, generator, conditions.dtype).to(conditions.device)
    return SamplerState(noise, noise.clone(), 0, generator)


def mixed_noise(own: Tensor, common: Tensor, share: float) -> Tensor:
    """Noise [frames, channels, h, w] of which each frame has `share` of the variance for itself and
    the rest from `common` [1, channels, h, w]."""
    return math.sqrt(share) * own + math.sqrt(1 - share) * common


def started_state(
    conditions: Conditions,
    options: SamplerOptions,
    schedule: ScheduleConfig,
    source: Tensor,
    start: Tensor,
) -> SamplerState:
    """Branches that start from pictures instead: at `options.first_step`, with its noise on them.

    `source` are the clip's latents, from which the reconstruction starts, `start` those of what
    the edit is thought to become, both float32 [frames, channels, h, w]. With strength 1 this is
    `initial_state`: the schedule's first step has no signal.
    """
    state = initial_state(conditions, options)
    if options.first_step == 0:
        return state
    given = Schedule(schedule, options.steps)
    timestep = given.timesteps[options.first_step]
    own = state.edit
    common = draw((1, *own.shape[1:]), state.generator, conditions.dtype).to(own.device)
    noise = mixed_noise(own, common, options.start_strength)
    state.recon = given.mix(timestep, source.to(noise.device), noise)
    state.edit = given.mix(timestep, start.to(noise.device), noise)
    state.position = first_position(options, len(conditions.windows))
    return state
