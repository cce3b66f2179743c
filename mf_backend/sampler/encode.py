"""From pictures to latents, for a denoising that does not start from noise alone."""

from __future__ import annotations

from collections.abc import Iterable

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
    parameter = next(models.vae.parameters())
    latents = []
    with torch.no_grad(), resident(models.vae, conditions.device):
        for picture in pictures:
            values = torch.from_numpy(picture).permute(2, 0, 1).float().unsqueeze(0) / 127.5 - 1
            padded = pad_picture(values, conditions.padded, edge=True)
            given = padded.to(conditions.device, parameter.dtype)
            mean = models.vae.encode(given).latent_dist.mean
            latents.append(mean.float() * models.vae.config.scaling_factor)
    return torch.cat(latents)
