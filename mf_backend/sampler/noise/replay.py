"""Replays: going back up to a step's noise level to do the step again."""

from __future__ import annotations

from torch import Tensor

from mf_backend.sampler.noise.schedule import Schedule


def renoise_timestep(schedule: Schedule, timestep: int) -> int:
    """The timestep at which the prediction for `renoise` is made."""
    return max(schedule.previous(timestep), 0)


def renoise(schedule: Schedule, timestep: int, x_prev: Tensor, v: Tensor) -> Tensor:
    """Inverse DDIM from t' = `renoise_timestep` back to t = `timestep`.

        x = sqrt(a_t) x0 + sqrt(1 - a_t) eps,   x0 and eps from (x_prev, v) at t'

    `v` is the unguided conditional prediction at `x_prev` and t'.
    """
    lower = renoise_timestep(schedule, timestep)
    return schedule.mix(
        timestep, schedule.clean(lower, x_prev, v), schedule.noise(lower, x_prev, v)
    )
