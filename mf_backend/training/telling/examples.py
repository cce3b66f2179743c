"""What the networks paint of shots that they do not learn from, and how far off it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mf_backend.models.denoiser.unet import UNetConditions
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.training.data.batches import Batch, as_batch, joined, pictures_of
from mf_backend.training.data.looks import Look
from mf_backend.training.data.shots import Array, Shot
from mf_backend.training.learning.networks import conditions_of, encode
from mf_backend.training.learning.runners import LearningRunner
from mf_backend.training.recipe import Stage

_STEPS = 10
_SHOWN = 6


@dataclass(frozen=True)
class Example:
    """One row of pictures uint8 [S, S, 3], and the edit's PSNR where the person is, in dB."""

    name: str
    reference: Array
    pose: Array
    reconstruction: Array
    edit: Array
    truth: Array
    psnr: float


class Examples:
    """The same wanted frames at every look: shots, frames and noise are chosen once."""

    def __init__(self, shots: Sequence[Shot], channels: int, seed: int) -> None:
        random = np.random.default_rng([seed, 1])
        order = random.permutation(len(shots))[:_SHOWN]
        self._names: list[str] = []
        edits: list[Batch] = []
        reconstructions: list[Batch] = []
        for number in order:
            shot = shots[int(number)]
            last = len(shot.takes) - 1
            frame = int(random.integers(len(shot.takes[last])))
            start = min(frame, len(shot.takes[0]) - 1)
            if last == 0:
                start = (frame + len(shot.takes[0]) // 2) % len(shot.takes[0])
            for wanted, numbers, found in (
                (last, [frame], edits),
                (0, [start], reconstructions),
            ):
                pictures = pictures_of(shot, wanted, numbers, 0, [start], Look())
                generator = torch.Generator().manual_seed(int(random.integers(2**62)))
                found.append(as_batch(pictures, 0, 0, channels, generator))
            self._names.append(f"{shot.name}, frame {frame + 1}")
        self._edits = edits
        self._every = joined([*edits, *reconstructions])

    def paint(self, models: ModelSet, stage: Stage) -> list[Example]:
        """Sample every example in few steps (decoded latents of the truth before there is a UNet).

        Frames do not know each other here, also after clips: this shows single pictures.
        """
        with torch.no_grad():
            latents = paint(models, self._every.to(models.device), stage)
            pictures = [as_picture(models, latent) for latent in torch.split(latents, 1)]
        count = len(self._edits)
        found = []
        for k, (name, batch) in enumerate(zip(self._names, self._edits, strict=True)):
            truth = plain(batch.truth[0] / 2 + 0.5)
            reference, pose = plain(batch.reference[0] / 2 + 0.5), plain(batch.pose[0])
            psnr = _psnr(pictures[k], truth, batch)
            found.append(
                Example(name, reference, pose, pictures[count + k], pictures[k], truth, psnr)
            )
        return found


def paint(models: ModelSet, batch: Batch, stage: Stage) -> Tensor:
    """Latents of a batch's pictures, sampled in few steps from its noise without guidance."""
    if stage is Stage.DECODER:
        return encode(models, batch.truth)
    given: UNetConditions = conditions_of(models, batch)
    schedule = Schedule(models.config.schedule, _STEPS)
    latents, runner = batch.noise, LearningRunner()
    for timestep in schedule.timesteps:
        v = models.unet(latents, timestep, given, runner).sample
        latents = schedule.step(timestep, latents, v)
    return latents


def as_picture(models: ModelSet, latents: Tensor) -> Array:
    """What latents [1, C, h, w] show, uint8 [S, S, 3]."""
    decoded = models.vae.decode(latents / models.config.vae.scaling_factor).sample[0]
    return plain(decoded.float() / 2 + 0.5)


def plain(values: Tensor) -> Array:
    """[3, H, W] in [0, 1] to uint8 [H, W, 3]."""
    picture = (values.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(picture)


def _psnr(picture: Array, truth: Array, batch: Batch) -> float:
    cells = batch.person[0, 0].numpy() > 0.5
    inside: NDArray[np.bool_] = np.kron(cells, np.ones((8, 8))).astype(bool)
    if not inside.any():
        inside = np.ones_like(inside)
    errors = (picture.astype(np.float64) - truth)[inside]
    return float(10 * np.log10(255**2 / max(np.square(errors).mean(), 1e-3)))
