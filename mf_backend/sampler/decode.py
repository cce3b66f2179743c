"""From latents to pictures, one frame at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mf_backend.contracts.errors import MFError
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.conditions import Conditions
from mf_backend.sampler.encode import encode_picture
from mf_backend.sampler.memory import resident


def decode_latent(vae: Any, latent: Tensor) -> Tensor:
    """One frame's latent [4, h, w] to a picture [3, 8h, 8w], float32 in [0, 1]."""
    parameter = next(vae.parameters())
    scaled = latent.to(parameter.device, parameter.dtype) / vae.config.scaling_factor
    with torch.no_grad():
        decoded: Tensor = vae.decode(scaled.unsqueeze(0)).sample[0]
    return (decoded.float() / 2 + 0.5).clamp(0, 1)


def recode(vae: Any, picture: NDArray[np.uint8], padded: tuple[int, int]) -> NDArray[np.uint8]:
    """What encoding and decoding leave of a picture uint8 [H, W, 3]; `padded` as the latents'."""
    height, width = picture.shape[:2]
    decoded = decode_latent(vae, encode_picture(vae, picture, padded)[0])[:, :height, :width]
    return (decoded * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()


def decode_frames(
    models: ModelSet, conditions: Conditions, latents: Tensor, start: int = 0
) -> Iterator[NDArray[np.uint8]]:
    """Pictures uint8 [H, W, 3] of the clip's size from frame `start` on, one after the other.

    `latents` [frames, 4, h, w]. The VAE is on the UNet's device only meanwhile. Raises MFError
    for a frame that is not finite, so that a broken run never looks like a result.
    """
    height, width = conditions.size
    with resident(models.vae, conditions.device):
        for i in range(start, latents.shape[0]):
            picture = decode_latent(models.vae, latents[i])[:, :height, :width]
            if not bool(torch.isfinite(picture).all()):
                raise MFError(
                    "not-finite",
                    f"Frame {i + 1} came out without finite values.",
                    "Use the default sampler, or full precision.",
                )
            values = (picture * 255).round().to(torch.uint8)
            yield values.permute(1, 2, 0).cpu().numpy()


def decode_frame(
    models: ModelSet, conditions: Conditions, latents: Tensor, i: int
) -> NDArray[np.uint8]:
    """Frame `i` alone; see `decode_frames`."""
    return next(decode_frames(models, conditions, latents[: i + 1], i))
