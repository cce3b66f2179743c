"""Every published tensor has one place, and networks are what their configuration says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mf_backend.contracts.errors import InputError
from mf_backend.models.config import (
    CONFIG_NAME,
    ModelConfig,
    from_published,
    full_config,
    tiny_config,
)
from mf_backend.models.key_map import Source, sources, to_ours, to_published
from mf_backend.models.model_set import (
    build_models,
    build_pose_controller,
    build_unet,
    load_tensors,
    random_models,
)


def _published(shared: Path, name: str) -> dict[str, dict[str, object]]:
    text = (shared / "parity" / "manifests" / f"{name}.json").read_text(encoding="utf-8")
    manifest: dict[str, dict[str, object]] = json.loads(text)
    return manifest


@pytest.mark.parametrize("name", ["denoising_unet", "estimator"])
def test_every_published_unet_tensor_has_one_place(shared: Path, name: str) -> None:
    manifest = _published(shared, name)
    with torch.device("meta"):
        network = build_unet(full_config())
    ours = {key: list(tensor.shape) for key, tensor in network.state_dict().items()}
    places = {to_ours(key): entry["shape"] for key, entry in manifest.items()}
    assert len(places) == len(manifest) == 1312
    assert places == ours
    assert all(to_published(to_ours(key)) == key for key in manifest)


def test_every_published_pose_tensor_has_one_place(shared: Path) -> None:
    manifest = _published(shared, "pose_guider")
    with torch.device("meta"):
        network = build_pose_controller(full_config())
    ours = {key: list(tensor.shape) for key, tensor in network.state_dict().items()}
    assert ours == {key: entry["shape"] for key, entry in manifest.items()}


def test_sources_name_the_file_of_each_tensor(shared: Path) -> None:
    by_text = {
        "base_unet, then overwritten by denoising_unet.pth": (
            Source.BASE_UNET,
            Source.DENOISING_UNET,
        ),
        "motion_module.pth": (Source.MOTION_MODULE,),
        "denoising_unet.pth": (Source.DENOISING_UNET,),
    }
    manifest = _published(shared, "denoising_unet")
    for key, entry in manifest.items():
        assert sources(to_ours(key)) == by_text[str(entry["source"])], key


def test_a_configuration_survives_json_and_a_folder(odd_path: Path) -> None:
    config = tiny_config()
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    (odd_path / CONFIG_NAME).write_text(json.dumps(config.to_dict()), encoding="utf-8")
    assert ModelConfig.from_folder(odd_path) == config
    (odd_path / CONFIG_NAME).write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="could not be read"):
        ModelConfig.from_folder(odd_path)


def test_published_configurations_give_the_full_size() -> None:
    unet = {
        "block_out_channels": [320, 640, 1280, 1280],
        "attention_head_dim": 8,
        "cross_attention_dim": 768,
        "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    }
    vae = {"block_out_channels": [128, 256, 512, 512], "norm_num_groups": 32}
    assert from_published(unet, vae=vae) == full_config()


def test_the_same_seed_gives_the_same_model() -> None:
    first, second = (random_models(tiny_config(), 3).unet.state_dict() for _ in range(2))
    other = random_models(tiny_config(), 4).unet.state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)
    assert all(float(value.abs().max()) > 0 for value in first.values())


def test_loading_names_every_tensor_that_does_not_fit() -> None:
    models = build_models(tiny_config())
    tensors = dict(random_models(tiny_config(), 0).unet.state_dict())
    del tensors["conv_in.bias"]
    tensors["conv_out.bias"] = torch.zeros(7)
    tensors["stranger.weight"] = torch.zeros(1)
    with pytest.raises(InputError) as caught:
        load_tensors(models.unet, tensors, "the UNet")
    for name in ("conv_in.bias", "conv_out.bias", "stranger.weight"):
        assert name in str(caught.value)


def test_networks_fill_from_the_meta_device_and_stay_frozen() -> None:
    tensors = random_models(tiny_config(), 0).unet.state_dict()
    empty = build_models(tiny_config(), device="meta")
    assert empty.unet.conv_in.weight.is_meta
    load_tensors(empty.unet, tensors, "the UNet")
    assert torch.equal(empty.unet.conv_in.weight, tensors["conv_in.weight"])
    assert not any(parameter.requires_grad for parameter in empty.unet.parameters())
    assert not empty.unet.training
