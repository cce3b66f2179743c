"""Fresh noise inside the target mask, for the middle of the schedule."""

from __future__ import annotations

import torch
from torch import Tensor

from mf_backend.sampler.noise.schedule import Schedule

STRENGTH = 0.4


def noisy_step(
    schedule: Schedule,
    timestep: int,
    x0: Tensor,
    eps: Tensor,
    noise: Tensor,
    mask: Tensor,
) -> Tensor:
    """A DDIM step that is stochastic inside `mask` and deterministic outside.

    s = 0.4 sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev)) inside, 0 outside:

        x_prev = sqrt(a_prev) x0 + sqrt(1 - a_prev - s^2) eps + s n

    `x0`, `eps`, `noise` [frames, 4, h, w]; `mask` bool [frames, 1, h, w].
    """
    before = schedule.previous(timestep)
    s = STRENGTH * schedule.sigma(timestep)
    inside = schedule.mix(before, x0, eps, s) + s * noise
    return torch.where(mask, inside, schedule.mix(before, x0, eps))


def draw(
    shape: tuple[int, int, int, int], generator: torch.Generator, dtype: torch.dtype
) -> Tensor:
    """Normal noise [frames, 4, h, w], float32 on the CPU.

    Drawn on the CPU in the run's dtype and in the order [1, 4, frames, h, w], so that a seed
    gives what it gives in the released code, on every device.
    """
    frames, channels, height, width = shape
    noise = torch.randn((1, channels, frames, height, width), generator=generator, dtype=dtype)
    return noise[0].transpose(0, 1).float().contiguous()
