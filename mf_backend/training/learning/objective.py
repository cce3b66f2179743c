"""What is to be predicted, and what being wrong about it costs."""

from __future__ import annotations

import torch
from torch import Tensor

from mf_backend.models.config import ScheduleConfig
from mf_backend.sampler.noise.schedule import Schedule


class Objective:
    """Prediction of v on the sampler's own schedule (see `Schedule` for the equations)."""

    def __init__(self, config: ScheduleConfig, most_snr: float, person_weight: float) -> None:
        self._alphas = Schedule(config, config.train_timesteps).alphas_cumprod.double()
        self._most_snr = most_snr
        self._person_weight = person_weight

    def noisy(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Latents [n, C, h, w] at their timesteps: sqrt(a) x0 + sqrt(1 - a) eps."""
        signal, rest = self._roots(timesteps, clean)
        return signal * clean + rest * noise

    def wanted(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """v = sqrt(a) eps - sqrt(1 - a) x0."""
        signal, rest = self._roots(timesteps, clean)
        return signal * noise - rest * clean

    def mended(
        self, clean: Tensor, begun: Tensor, noise: Tensor, timesteps: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(noisy, wanted) where noise is put on other latents `begun` than those to be painted.

        What leads from x = sqrt(a) begun + sqrt(1 - a) eps to x0 = clean is
        v = (sqrt(a) x - x0) / sqrt(1 - a), which is the usual v for begun = clean and otherwise
        that and a (begun - clean) / sqrt(1 - a) more.
        """
        signal, rest = self._roots(timesteps, clean)
        more = signal.square() / rest * (begun - clean)
        noisy = self.noisy(begun, noise, timesteps)
        return noisy, self.wanted(clean, noise, timesteps) + more

    def weights(self, timesteps: Tensor) -> Tensor:
        """What an error of v weighs at its timestep [n].

        The plain loss of v weighs an error of x0 by SNR + 1. Here SNR counts up to a limit only
        (Hang et al., arXiv 2303.09556, with the 1 that v brings):

            (min(SNR, limit) + 1) / (SNR + 1)

        So it is 1 at the schedule's end, where SNR is 0, and never 0.
        """
        a = self._alphas.to(timesteps.device)[timesteps]
        if not self._most_snr:
            return torch.ones_like(a).float()
        # min(SNR, limit) / (SNR + 1) with a = SNR / (SNR + 1), which divides by nothing.
        return (torch.minimum(a, self._most_snr * (1 - a)) + (1 - a)).float()

    def loss(self, v: Tensor, wanted: Tensor, person: Tensor, timesteps: Tensor) -> Tensor:
        """Mean squared error over all frames; `person` [n, 1, h, w] says where it counts more."""
        cells = 1 + (self._person_weight - 1) * person
        errors = (v.float() - wanted).square().mean(dim=1, keepdim=True)
        each = (cells * errors).sum(dim=(1, 2, 3)) / cells.sum(dim=(1, 2, 3))
        return (self.weights(timesteps) * each).mean()

    def _roots(self, timesteps: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        a = self._alphas.to(timesteps.device)[timesteps].view(-1, 1, 1, 1)
        return a.sqrt().to(like.dtype), (1 - a).sqrt().to(like.dtype)
