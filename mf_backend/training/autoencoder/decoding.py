"""Teaching the decoder to make pictures of the linear encoder's latents."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from mf_backend.models.model_set import ModelSet
from mf_backend.training.data.batches import Batch

_BLUR = 0.05
"""Noise on the latents: those that the sampler paints are never exact."""
_SQUARES = 2.0
"""What squared errors weigh beside absolute ones, which keep edges."""


def decoder_loss(models: ModelSet, clean: Tensor, batch: Batch, person_weight: float) -> Tensor:
    """Absolute and squared error of decoded pictures, more of it where the person is.

    `clean` [n, C, h, w] are the latents of the batch's truth.
    """
    latents = clean / models.config.vae.scaling_factor + _BLUR * batch.noise
    decoded: Tensor = models.vae.decode(latents).sample
    errors = decoded.float() - batch.truth
    person = functional.interpolate(batch.person, size=errors.shape[2:])
    weights = 1 + (person_weight - 1) * person
    each = errors.abs() + _SQUARES * errors.square()
    return (weights * each).sum() / (weights.sum() * errors.shape[1])
