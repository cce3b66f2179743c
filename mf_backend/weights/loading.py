"""From a set on disk to networks on a device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from mf_backend.contracts.checks.fields import listed
from mf_backend.contracts.errors import InputError
from mf_backend.models.config import ModelConfig
from mf_backend.models.key_map import ADAPTER
from mf_backend.models.model_set import ModelSet, build_models, load_tensors
from mf_backend.weights.weight_set import Network, open_set


def load_models(
    folder: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    estimator: bool = False,
    parked: bool = False,
) -> ModelSet:
    """Every network of the set in `folder`, on `device` and in `dtype`.

    Files are memory-mapped; one tensor after another goes straight to the device and is converted
    there, so that no second copy of a network exists at any time. `estimator` also loads the
    released sampler's second network. With `parked`, what the denoising itself never runs stays
    in main memory (see `ModelSet.outside_denoising`).

    Raises MissingComponentError where a file is missing and InputError where one is damaged, does
    not fit or holds values that are not finite.
    """
    weights = open_set(folder)
    models = build_models(ModelConfig.from_folder(folder), device="meta", estimator=estimator)
    for name, network in models.named().items():
        path = weights.path(Network(name))
        inside = name in (Network.UNET, Network.ESTIMATOR)

        def place(key: str, inside: bool = inside) -> str:
            away = parked and (not inside or key.startswith(ADAPTER))
            return "cpu" if away else str(device)

        load_tensors(network, _read(path, place, dtype), path.name)
        _fill_tables(network, place(""))
        # The plain method: a diffusers model overrides it with one that warns needlessly.
        move: Any = nn.Module.to
        move(network, dtype=dtype, memory_format=torch.channels_last)
    return models


_FRACTIONS = ("F64", "F32", "F16", "BF16")
_WHOLE_TABLE = "position_ids"
"""The one table of whole numbers that published networks hold."""


def check_headers(folder: Path) -> None:
    """Refuse files of a set that do not open or hold tensors of whole numbers; reads no tensor.

    Raises as `load_models`. What only the networks know, names and shapes, is checked by that.
    """
    weights = open_set(folder)
    for network in Network:
        if not weights.has(network):
            continue
        path = weights.path(network)
        try:
            with safe_open(path, framework="pt") as file:
                kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise _damaged(path, error) from error
        whole = [
            name
            for name, kind in kinds.items()
            if kind not in _FRACTIONS and not name.endswith(_WHOLE_TABLE)
        ]
        if whole:
            raise InputError(
                "weights-mismatch",
                f"{path.name} holds tensors without fractions: {listed(whole)}.",
                "Import the weights again in their place (Replace What Is There, --replace).",
            )


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        "weights-damaged",
        f"{path} is damaged: {error}.",
        "Import the weights again in their place (Replace What Is There, --replace).",
    )


def load_config(folder: Path) -> ModelConfig:
    """Sizes of the networks in a set. Raises as `open_set`, and InputError where unreadable."""
    open_set(folder)
    return ModelConfig.from_folder(folder)


def _read(path: Path, place: Callable[[str], str], dtype: torch.dtype) -> dict[str, Tensor]:
    """The tensors of a file in `dtype`, each on the device that `place` gives for its name."""
    tensors: dict[str, Tensor] = {}
    broken: list[str] = []
    try:
        for device in sorted({place(""), place(ADAPTER)}):
            with safe_open(path, framework="pt", device=device) as file:
                for name in file.keys():  # noqa: SIM118 (not a dict: it cannot be iterated)
                    if place(name) != device:
                        continue
                    tensor = file.get_tensor(name)
                    if tensor.is_floating_point():
                        tensor = tensor.to(dtype)
                        # A NaN anywhere would otherwise surface as a black video.
                        if not bool(torch.isfinite(tensor).all()):
                            broken.append(name)
                    tensors[name] = tensor
    except (OSError, SafetensorError) as error:
        raise _damaged(path, error) from error
    if broken:
        raise InputError(
            "weights-not-finite",
            f"{path.name} is broken, it holds values that are no numbers: {', '.join(broken)}.",
            "Import the weights again in their place (Replace What Is There, --replace).",
        )
    return tensors


def _fill_tables(network: nn.Module, device: torch.device | str) -> None:
    """Buffers that no file holds (CLIP's position numbers) are still on the meta device."""
    for module in network.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            if buffer.is_meta:
                if name != "position_ids":
                    raise AssertionError(f"no file supplies the table {name}")
                table = torch.arange(buffer.numel(), device=device).reshape(buffer.shape)
                module.register_buffer(name, table, persistent=False)
