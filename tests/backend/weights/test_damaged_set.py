"""A set of weights from somebody else: what is wrong with it is said before anything is built."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mf_backend.contracts.errors import FieldError, InputError
from mf_backend.models.config import ModelConfig, from_published, full_config, tiny_config
from mf_backend.weights.importing.sources import find_sources
from mf_backend.weights.loading import load_models
from mf_backend.weights.tiny import make_tiny_set
from mf_backend.weights.weight_set import open_set
from tests.backend.tiny_job import backend, make_job


def edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")


WRONG_MODELS = [
    ("unet", 5),
    ("unet.block_out_channels", "wide"),
    ("unet.block_out_channels", [-1, 4, 4, 4]),
    ("unet.block_out_channels", [32, 64]),
    ("unet.heads", 0),
    ("unet.heads", 5),
    ("unet.norm_groups", 0),
    ("unet.norm_eps", -1.0),
    ("motion.max_frames", -3),
    ("motion.heads", 3),
    ("appearance.channels", [64, 64, 64, 64]),
    ("appearance.unshuffle", 4),
    ("pose.out_channels", 16),
    ("vae.scaling_factor", 0),
    ("vae.latent_channels", 8),
    ("image_encoder.hidden_act", "boom"),
    ("image_encoder.patch_size", 300),
    ("schedule.train_timesteps", 0),
    ("schedule.beta_start", 0.5),
    ("schedule.prediction_type", "epsilon"),
]


@pytest.mark.parametrize(("field", "value"), WRONG_MODELS)
def test_sizes_that_make_no_network_are_named(field: str, value: Any) -> None:
    values = tiny_config().to_dict()
    part, _, name = field.partition(".")
    if name:
        values[part][name] = value
    else:
        values[part] = value
    with pytest.raises(FieldError) as caught:
        ModelConfig.from_dict(values)
    assert caught.value.field.startswith(field) and caught.value.code == "model-config"
    assert caught.value.message.isprintable()


def test_sizes_that_we_write_are_read() -> None:
    for config in (tiny_config(), full_config()):
        assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "inside each other"),
        ("[]", "must be an object, not []"),
        ("null", "must be an object, not nothing"),
        ('{"unet": 5}', "unet must be an object, not 5"),
    ],
)
def test_a_job_with_a_damaged_model_file_is_refused_at_once(
    odd_path: Path, text: str, words: str
) -> None:
    folder = odd_path / "weights"
    make_tiny_set(folder)
    (folder / "model.json").write_text(text, encoding="utf-8")
    edit(folder / "weights.json", lambda x: x["files"]["model.json"].update(bytes=len(text)))
    job = make_job(odd_path, count=4, engine="motionfollower", weights=str(folder))
    done = backend("run", str(job.path), "--json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 2 and words in error["message"], done.stderr
    assert "Traceback" not in done.stderr and not job.conditions.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.pop("kind"), "kind is missing"),
        (lambda x: x.update(kind="stolen"), "kind must be one of published, tiny"),
        (lambda x: x.update(files=[]), "files must be an object"),
        (lambda x: x["files"].update({"../outside": x["files"]["model.json"]}), "without folders"),
        (lambda x: x["files"]["model.json"].update(bytes=-1), "bytes must be a whole number"),
        (lambda x: x["files"]["model.json"].update(sha256="x"), "64 digits of SHA-256"),
        (lambda x: x.update(schema=[2]), "written with schema [2]"),
    ],
    ids=["no kind", "kind", "files", "outside", "bytes", "hash", "schema"],
)
def test_a_damaged_list_is_named(
    odd_path: Path, change: Callable[[dict[str, Any]], Any], words: str
) -> None:
    make_tiny_set(odd_path / "set")
    edit(odd_path / "set" / "weights.json", change)
    with pytest.raises(InputError) as caught:
        open_set(odd_path / "set")
    assert words in caught.value.message and caught.value.hint


@pytest.mark.parametrize("dtype", [torch.int16, torch.bool, torch.complex64])
def test_tensors_without_fractions_are_refused(odd_path: Path, dtype: torch.dtype) -> None:
    folder = odd_path / "set"
    make_tiny_set(folder)
    tensors = load_file(folder / "vae.safetensors")
    tensors["decoder.conv_in.bias"] = tensors["decoder.conv_in.bias"].to(dtype)
    save_file(tensors, folder / "vae.safetensors")
    with pytest.raises(InputError, match=r"without fractions decoder\.conv_in\.bias"):
        load_models(folder)


@pytest.mark.parametrize("spoil", ["kind", "cut"])
def test_a_job_with_damaged_tensors_is_refused_at_once(odd_path: Path, spoil: str) -> None:
    folder = odd_path / "weights"
    make_tiny_set(folder)
    path = folder / "vae.safetensors"
    if spoil == "kind":
        tensors = load_file(path)
        tensors["decoder.conv_in.bias"] = tensors["decoder.conv_in.bias"].to(torch.int16)
        save_file(tensors, path)
    else:
        path.write_bytes(path.read_bytes()[:5000])
    size = path.stat().st_size
    edit(folder / "weights.json", lambda x: x["files"]["vae.safetensors"].update(bytes=size))
    job = make_job(odd_path, count=4, engine="motionfollower", weights=str(folder))
    done = backend("run", str(job.path), "--json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 2 and "vae.safetensors" in error["message"], done.stderr
    assert "Traceback" not in done.stderr and not job.conditions.exists()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "unet.block_out_channels is missing"),
        ({"block_out_channels": [320, 640, 1280, 1280], "attention_head_dim": "8"}, "unet.heads"),
        ({"block_out_channels": [320, 640, 1280, 1280], "down_block_types": 4}, "down_block_types"),
    ],
)
def test_a_published_configuration_is_checked(config: dict[str, Any], words: str) -> None:
    with pytest.raises(FieldError, match="In the published configuration, ") as caught:
        from_published(config)
    assert words in caught.value.message


@pytest.mark.parametrize("text", ["[]", "[" * 100_000, "null", "{", ""])
def test_a_published_folder_without_a_configuration(downloads: Path, text: str) -> None:
    path = downloads / "sd-image-variations-diffusers" / "unet" / "config.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"config\.json") as caught:
        find_sources([downloads])
    assert caught.value.hint.startswith("Download")
