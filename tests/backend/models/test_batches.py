"""What training needs of the denoiser: timesteps of their own, pictures without motion."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from mf_backend.models.config import ModelConfig, tiny_config
from mf_backend.models.denoiser.unet import MotionUNet, UNetConditions
from mf_backend.models.model_set import random_models
from mf_backend.models.running.runner import Runner

SIDE = 8


class Pictures(Runner):
    """Takes frames for pictures that do not know each other."""

    moves = False


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def conditions(unet: MotionUNet, frames: int) -> UNetConditions:
    with torch.no_grad():
        return UNetConditions(
            noise(frames, unet.config.block_out_channels[0], SIDE, SIDE),
            unet.appearance_features(noise(frames, 3, SIDE * 8, SIDE * 8)),
            unet.cross_constants(noise(frames, 1, unet.config.cross_attention_dim)),
        )


def part(given: UNetConditions, i: int) -> UNetConditions:
    return UNetConditions(
        given.pose[i : i + 1],
        [feature[i : i + 1] for feature in given.appearance],
        {name: cross[i : i + 1] for name, cross in given.cross.items()},
    )


def test_each_picture_has_its_timestep() -> None:
    unet = random_models(tiny_config(), 1).unet
    given, latents = conditions(unet, 3), noise(3, 4, SIDE, SIDE)
    steps = torch.tensor([999, 400, 20])
    with torch.no_grad():
        together = unet(latents, steps, given, Pictures()).sample
        for i in range(3):
            alone = unet(latents[i : i + 1], int(steps[i]), part(given, i), Pictures()).sample
            torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-4, atol=1e-5)
        # With motion modules, which mix them, it is another prediction.
        mixed = unet(latents, steps, given, Runner()).sample
    assert not torch.allclose(mixed, together, atol=1e-2)


def test_latents_of_other_channels_and_pictures_of_another_side() -> None:
    tiny = tiny_config()
    values = dataclasses.replace(
        tiny,
        unet=dataclasses.replace(tiny.unet, in_channels=16, out_channels=16),
        vae=dataclasses.replace(tiny.vae, latent_channels=16),
        picture_side=128,
    ).to_dict()
    config = ModelConfig.from_dict(values)
    assert config.picture_side == 128
    assert ModelConfig.from_dict(tiny.to_dict()).picture_side == 512
    unet = random_models(config, 1).unet
    with torch.no_grad():
        sample = unet(noise(2, 16, SIDE, SIDE), 500, conditions(unet, 2), Runner()).sample
    assert sample.shape == (2, 16, SIDE, SIDE)
