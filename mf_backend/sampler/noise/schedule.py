"""The noise schedule: DDIM with zero terminal SNR, v-prediction and trailing timesteps."""

from __future__ import annotations

import math

from diffusers import DDIMScheduler
from torch import Tensor

from mf_backend.models.config import ScheduleConfig


class Schedule:
    """Timesteps and the equations between latents x, prediction v, clean x0 and noise eps.

    With a the cumulated alpha at timestep t (Salimans and Ho, arXiv 2202.00512):

        x0 = sqrt(a) x - sqrt(1 - a) v        eps = sqrt(a) v + sqrt(1 - a) x
    """

    def __init__(self, config: ScheduleConfig, steps: int) -> None:
        scheduler = DDIMScheduler(
            num_train_timesteps=config.train_timesteps,
            beta_start=config.beta_start,
            beta_end=config.beta_end,
            beta_schedule=config.beta_schedule,
            prediction_type=config.prediction_type,
            rescale_betas_zero_snr=config.rescale_betas_zero_snr,
            timestep_spacing=config.timestep_spacing,
            steps_offset=config.steps_offset,
            clip_sample=False,
            set_alpha_to_one=True,
        )
        scheduler.set_timesteps(steps)
        self.timesteps: list[int] = [int(t) for t in scheduler.timesteps.tolist()]
        self.alphas_cumprod: Tensor = scheduler.alphas_cumprod
        # As plain numbers, so that the loop never asks a tensor for its value.
        self._alphas: list[float] = scheduler.alphas_cumprod.tolist()
        # An integer division, as in DDIM's own step; not the distance to the next timestep.
        self.stride = config.train_timesteps // steps

    def alpha(self, timestep: int) -> float:
        """Cumulated alpha; 1 before the first timestep."""
        return self._alphas[timestep] if timestep >= 0 else 1.0

    def previous(self, timestep: int) -> int:
        """The timestep that a DDIM step from `timestep` leads to; negative at the end."""
        return timestep - self.stride

    def clean(self, timestep: int, x: Tensor, v: Tensor) -> Tensor:
        """x0 of latents `x` and prediction `v`."""
        a = self.alpha(timestep)
        return math.sqrt(a) * x - math.sqrt(1 - a) * v

    def noise(self, timestep: int, x: Tensor, v: Tensor) -> Tensor:
        """eps of latents `x` and prediction `v`."""
        a = self.alpha(timestep)
        return math.sqrt(a) * v + math.sqrt(1 - a) * x

    def mix(self, timestep: int, x0: Tensor, eps: Tensor, sigma: float = 0.0) -> Tensor:
        """sqrt(a) x0 + sqrt(1 - a - sigma^2) eps, without the fresh noise sigma n."""
        a = self.alpha(timestep)
        return math.sqrt(a) * x0 + math.sqrt(1 - a - sigma**2) * eps

    def step(self, timestep: int, x: Tensor, v: Tensor) -> Tensor:
        """A deterministic DDIM step (Song et al., arXiv 2010.02502) to `previous(timestep)`."""
        return self.mix(
            self.previous(timestep), self.clean(timestep, x, v), self.noise(timestep, x, v)
        )

    def sigma(self, timestep: int) -> float:
        """DDIM's noise for eta = 1: sqrt((1 - a_prev) / (1 - a) * (1 - a / a_prev))."""
        a, before = self.alpha(timestep), self.alpha(self.previous(timestep))
        return math.sqrt((1 - before) / (1 - a) * (1 - a / before))

    def log_snr(self, timestep: int) -> float:
        """lambda = log(sqrt(a) / sqrt(1 - a)); infinite without signal, or without noise."""
        a = self.alpha(timestep)
        if a in (0.0, 1.0):
            return -math.inf if a == 0 else math.inf
        return 0.5 * math.log(a / (1 - a))
