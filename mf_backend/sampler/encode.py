"""From pictures to latents, for a denoising that does not start from noise alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.conditions import Conditions, pad_picture
from mf_backend.sampler.memory import resident


def encode_frames(
    models: ModelSet, conditions: Conditions, pictures: Iterable[NDArray[np.uint8]]
) -> Tensor:
    """Latents float32 [frames, channels, h, w] of pictures uint8 [H, W, 3] of the clip's size.

    The middle of what the encoder allows, one frame after the other. The autoencoder is on the
    UNet's device only meanwhile.
    """
    latents = []
    with resident(models.vae, conditions.device):
        for picture in pictures:
            latents.append(encode_picture(models.vae, picture, conditions.padded))
    return torch.cat(latents)


def encode_picture(vae: Any, picture: NDArray[np.uint8], padded: tuple[int, int]) -> Tensor:
    """Latents float32 [1, channels, h, w] of one picture uint8 [H, W, 3], its edge repeated up to
    `padded` (height, width)."""
    values = torch.from_numpy(picture).permute(2, 0, 1).float().unsqueeze(0) / 127.5 - 1
    parameter = next(vae.parameters())
    given = pad_picture(values, padded, edge=True).to(parameter.device, parameter.dtype)
    with torch.no_grad():
        mean: Tensor = vae.encode(given).latent_dist.mean
    return mean.float() * float(vae.config.scaling_factor)
