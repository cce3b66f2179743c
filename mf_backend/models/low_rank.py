"""Low-rank adapters: what a layer adds to its output, learnt while its own weights stay.

An adapter of rank r beside a layer is two small ones, `down` to r values and `up` back, and the
layer gives layer(x) + up(down(x)). Merged into the layer's weights it costs nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from mf_backend.models.model_set import ModelSet

Layer = nn.Linear | nn.Conv2d
_UNET = ("attn1.", "attn2.to_v", "attn2.to_out", ".ff.net.", "appearance_adapter.")
"""Parts of names: attention, what one token gives, and the features of the reference."""
_WITHOUT = ".motion_modules."


class LowRank(nn.Module):
    """What is learnt beside one layer; `up` begins at 0, so that nothing changes at first."""

    def __init__(self, layer: Layer, rank: int) -> None:
        super().__init__()
        self.down: Layer
        self.up: Layer
        if isinstance(layer, nn.Conv2d):
            places: Any = {"stride": layer.stride, "padding": layer.padding}
            self.down = nn.Conv2d(layer.in_channels, rank, layer.kernel_size, bias=False, **places)  # type: ignore[arg-type]
            self.up = nn.Conv2d(rank, layer.out_channels, 1, bias=False)
        else:
            self.down = nn.Linear(layer.in_features, rank, bias=False)
            self.up = nn.Linear(rank, layer.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        """What is added to the layer's output."""
        added: Tensor = self.up(self.down(inputs))
        return added


def adapted_layers(models: ModelSet) -> dict[str, Layer]:
    """The layers that an adapter of these networks stands beside, by network and name.

    A decoder belongs to them only where it was learnt on few pictures, as that of linear latents.
    """
    parts = {"unet": _UNET, "pose_controller": ("",)}
    if models.config.vae.encoder == "patches":
        parts["vae"] = ("decoder.",)
    found: dict[str, Layer] = {}
    for label, named in parts.items():
        for name, module in models.named()[label].named_modules():
            if not isinstance(module, nn.Linear | nn.Conv2d) or _WITHOUT in f".{name}":
                continue
            if any(part in name for part in named):
                found[f"{label}/{name}"] = module
    return found


def fresh_adapters(models: ModelSet, rank: int, seed: int) -> dict[str, LowRank]:
    """Adapters in float32 that change nothing yet, on the networks' device, by layer.

    The same seed gives the same.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        made = {name: LowRank(layer, rank) for name, layer in adapted_layers(models).items()}
    return {name: adapter.to(models.device, torch.float32) for name, adapter in made.items()}


def weights_of(adapters: Mapping[str, LowRank]) -> dict[str, nn.Parameter]:
    """Every weight of some adapters, by layer and part."""
    return {
        f"{name}.{part}": weight
        for name, adapter in adapters.items()
        for part, weight in adapter.named_parameters()
    }


@contextmanager
def beside(models: ModelSet, adapters: Mapping[str, LowRank]) -> Iterator[None]:
    """Inside the block the networks' layers add what the adapters give."""
    layers = adapted_layers(models)

    def adds(adapter: LowRank) -> Any:
        def hook(_: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
            added: Tensor = adapter(inputs[0])
            return output + added

        return hook

    handles = [
        layers[name].register_forward_hook(adds(adapter)) for name, adapter in adapters.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def merge(models: ModelSet, tensors: Mapping[str, Tensor]) -> None:
    """Add adapters into the networks' own weights; `tensors` by the names of `weights_of`.

    To be called for tensors that belong to these networks: names and shapes are not checked here.
    """
    layers = adapted_layers(models)
    with torch.no_grad():
        for name in sorted({key.rsplit(".", 2)[0] for key in tensors}):
            weight = layers[name].weight
            down, up = (tensors[f"{name}.{part}.weight"].float() for part in ("down", "up"))
            product = up.flatten(1) @ down.flatten(1)
            added = product.view(weight.shape).to(weight.device)
            weight.copy_((weight.float() + added).to(weight.dtype))


def shapes(models: ModelSet, rank: int) -> dict[str, tuple[int, ...]]:
    """The shape of every weight that adapters of this rank have, by the names of `weights_of`."""
    with torch.device("meta"):
        made = {name: LowRank(layer, rank) for name, layer in adapted_layers(models).items()}
    return {name: tuple(weight.shape) for name, weight in weights_of(made).items()}
