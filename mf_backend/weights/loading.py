"""From a set on disk to networks on a device."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from mf_backend.errors import InputError
from mf_backend.models.config import ModelConfig
from mf_backend.models.model_set import ModelSet, build_models, load_tensors
from mf_backend.weights.weight_set import Network, open_set


def load_models(
    folder: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    estimator: bool = False,
) -> ModelSet:
    """Every network of the set in `folder`, on `device` and in `dtype`.

    Files are memory-mapped and go straight to the device. `estimator` also loads the released
    sampler's second network. Raises MissingComponentError where a file is missing and InputError
    where one is damaged, does not fit or holds values that are not finite.
    """
    weights = open_set(folder)
    models = build_models(ModelConfig.from_folder(folder), device="meta", estimator=estimator)
    for name, network in models.named().items():
        path = weights.path(Network(name))
        load_tensors(network, _read(path, device, dtype), path.name)
        _fill_tables(network, device)
    return models.to(device, dtype)


def load_config(folder: Path) -> ModelConfig:
    """Sizes of the networks in a set. Raises as `open_set`, and InputError where unreadable."""
    open_set(folder)
    return ModelConfig.from_folder(folder)


def _read(path: Path, device: torch.device | str, dtype: torch.dtype) -> dict[str, Tensor]:
    try:
        tensors = load_file(path, device=str(device))
    except (OSError, SafetensorError) as error:
        raise InputError(
            "weights-damaged",
            f"{path} is damaged: {error}.",
            "Import the weights again with --replace.",
        ) from error
    broken = []
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            tensors[name] = tensor.to(dtype)
            # One reduction a tensor; a NaN anywhere would otherwise surface as a black video.
            if not bool(torch.isfinite(tensors[name]).all()):
                broken.append(name)
    if broken:
        raise InputError(
            "weights-not-finite",
            f"{path.name} holds values that are not finite: {', '.join(broken)}.",
            "Import the weights again with --replace.",
        )
    return dict(tensors)


def _fill_tables(network: nn.Module, device: torch.device | str) -> None:
    """Buffers that no file holds (CLIP's position numbers) are still on the meta device."""
    for module in network.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            if buffer.is_meta:
                if name != "position_ids":
                    raise AssertionError(f"no file supplies the table {name}")
                table = torch.arange(buffer.numel(), device=device).reshape(buffer.shape)
                module.register_buffer(name, table, persistent=False)
