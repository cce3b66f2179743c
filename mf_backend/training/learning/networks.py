"""The networks as they learn: which weights a stage moves, and what a batch makes of them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mf_backend.models.config import ModelConfig
from mf_backend.models.denoiser.motion_module import TemporalTransformer
from mf_backend.models.denoiser.unet import UNetConditions
from mf_backend.models.model_set import ModelSet, build_models
from mf_backend.models.running.runner import Runner
from mf_backend.training.data.batches import Batch
from mf_backend.training.recipe import Stage

_MOTION = ".motion_modules."
_AT_ONCE = 4
"""Pictures that are encoded at a time."""
_WITHOUT_EFFECT = (".norm2.", ".attn2.to_q.", ".attn2.to_k.")
"""Weights that published files hold and one token makes useless (see TransformerBlock)."""


def fresh_models(config: ModelConfig, seed: int) -> ModelSet:
    """Untrained networks; the same seed gives the same. Motion modules begin by moving nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        models = build_models(config)
    for module in models.unet.modules():
        if isinstance(module, TemporalTransformer):
            nn.init.zeros_(module.proj_out.weight)
            nn.init.zeros_(module.proj_out.bias)
    return models


def learning(models: ModelSet, stage: Stage) -> dict[str, nn.Parameter]:
    """The weights that a stage moves, by network and name; all others are frozen."""
    for network in models.named().values():
        network.requires_grad_(False)
    if stage is Stage.DECODER:
        networks = {"vae": models.vae}
    elif stage is Stage.CLIPS:
        networks = {"unet": models.unet}
    else:
        networks = {name: net for name, net in models.named().items() if name != "vae"}
    found = {
        f"{label}/{name}": parameter
        for label, network in networks.items()
        for name, parameter in network.named_parameters()
        if _moves(stage, label, name)
    }
    for parameter in found.values():
        parameter.requires_grad_(True)
    return found


def _moves(stage: Stage, label: str, name: str) -> bool:
    if label == "vae":
        return name.startswith(("decoder.", "post_quant_conv."))
    if label == "unet" and (_MOTION in name) != (stage is Stage.CLIPS):
        return False
    return label != "estimator" and not any(part in name for part in _WITHOUT_EFFECT)


def encode(models: ModelSet, pictures: Tensor) -> Tensor:
    """Latents [n, C, h, w] of pictures [n, 3, H, W] in [-1, 1], as the UNet knows them."""
    with torch.no_grad():
        # A published encoder would hold more than the whole UNet for all frames at once.
        means = [
            models.vae.encode(part).latent_dist.mean for part in torch.split(pictures, _AT_ONCE)
        ]
    return torch.cat(means) * models.config.vae.scaling_factor


def conditions_of(models: ModelSet, batch: Batch) -> UNetConditions:
    """What a batch conditions the UNet on, without what it leaves out."""
    token = models.image_encoder(batch.clip_pixels).image_embeds.unsqueeze(1) * batch.keeps_token
    features = models.unet.appearance_features(batch.reference)
    return UNetConditions(
        models.pose_controller(batch.pose),
        [feature * batch.keeps_reference for feature in features],
        models.unet.cross_constants(token),
    )


def predict(models: ModelSet, latents: Tensor, batch: Batch, runner: Runner) -> Tensor:
    """The UNet's v for noisy latents [n, C, h, w] at the batch's timesteps."""
    output = models.unet(latents, batch.timesteps, conditions_of(models, batch), runner)
    sample: Tensor = output.sample
    return sample
