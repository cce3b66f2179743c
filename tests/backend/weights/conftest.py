"""Published-looking files made from a tiny random model."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mf_backend.models.config import tiny_config
from mf_backend.models.key_map import to_published
from mf_backend.models.model_set import ModelSet, random_models

OLD_VAE = {
    ".to_q.": ".query.",
    ".to_k.": ".key.",
    ".to_v.": ".value.",
    ".to_out.0.": ".proj_attn.",
}


@pytest.fixture(scope="session")
def tiny_models() -> ModelSet:
    """Random networks that the published files are cut from."""
    return random_models(tiny_config(), 5, estimator=True)


def publish(models: ModelSet, folder: Path) -> Path:
    """Write the networks as their authors publish them, in a folder of downloads.

    The spatial layers of the base UNet are the estimator's, the denoiser's override them.
    """
    denoiser = {to_published(k): v for k, v in models.unet.state_dict().items()}
    assert models.estimator is not None
    base = {to_published(k): v for k, v in models.estimator.state_dict().items()}
    motion = {k: v for k, v in denoiser.items() if ".motion_modules." in k}
    rest = {k: v for k, v in denoiser.items() if k not in motion}
    spatial = {
        k: v for k, v in base.items() if k not in motion and not k.startswith("appearance_adapter.")
    }
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(rest, folder / "denoising_unet.pth")
    torch.save(
        {"state_dict": {f"module.{k}": v for k, v in motion.items()}}, folder / "motion_module.pth"
    )
    torch.save(dict(models.pose_controller.state_dict()), folder / "poctr.pth")
    hub = folder / "sd-image-variations-diffusers"
    config = models.config
    _folder(
        hub / "unet",
        {
            "block_out_channels": config.unet.block_out_channels,
            "attention_head_dim": config.unet.heads,
            "cross_attention_dim": config.unet.cross_attention_dim,
            "norm_num_groups": config.unet.norm_groups,
        },
    )
    save_file(
        {k: v.contiguous() for k, v in spatial.items()},
        hub / "unet" / "diffusion_pytorch_model.safetensors",
    )
    _folder(hub / "image_encoder", asdict(config.image_encoder))
    encoder = dict(models.image_encoder.state_dict())
    encoder["vision_model.embeddings.position_ids"] = torch.arange(50)[None]
    torch.save(encoder, hub / "image_encoder" / "pytorch_model.bin")
    # The base model brings an autoencoder of its own, which is not the one to take.
    _folder(hub / "vae", {"_class_name": "AutoencoderKL"})
    torch.save({"wrong": torch.zeros(1)}, hub / "vae" / "diffusion_pytorch_model.bin")
    vae = {}
    for name, tensor in models.vae.state_dict().items():
        for new, old in OLD_VAE.items():
            name = name.replace(new, old) if ".attentions." in name else name
        vae[name] = tensor
    _folder(
        folder / "sd-vae-ft-mse",
        {"_class_name": "AutoencoderKL", **asdict(config.vae)},
    )
    torch.save(vae, folder / "sd-vae-ft-mse" / "diffusion_pytorch_model.bin")
    (folder / "model.json").write_text(json.dumps(config.to_dict()), encoding="utf-8")
    return folder


def _folder(folder: Path, config: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


@pytest.fixture
def downloads(tiny_models: ModelSet, odd_path: Path) -> Path:
    """A folder of downloads."""
    return publish(tiny_models, odd_path / "dówn loads")
