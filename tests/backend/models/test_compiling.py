"""Compiled layers give what the layers give, with both gradients, and keep nothing alive."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path

import pytest
import torch
import torch._inductor.config
from torch import Tensor, nn

from mf_backend.contracts.errors import CancelledError
from mf_backend.models.compiling import cannot_compile, compiled_layers
from mf_backend.models.config import tiny_config
from mf_backend.models.model_set import random_models
from mf_backend.models.running.runner import Mixes, Runner, Slicing
from mf_backend.models.running.tape import Seed, TapeRunner

FRAMES, CHANNELS, SIDE = 4, 64, 8


class Layers(nn.Module):
    """One layer of each kind out of a UNet, run as its blocks run them."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        block = random_models(tiny_config(), seed).unet.mid_block
        self.resnet = block.resnets[0]
        self.attention = block.attentions[0]
        self.motion = block.motion_modules[0]

    def run(self, runner: Runner, hidden: Tensor, temb: Tensor, cross: Tensor) -> Tensor:
        def resnet(value: Tensor) -> Tensor:
            result: Tensor = self.resnet(value, temb)
            return result

        hidden = runner.run(Mixes.SPACE, resnet, [hidden])
        hidden = runner.run(Mixes.SPACE, self.attention, [hidden], [cross])
        result: Tensor = self.motion.run(runner, hidden)
        return result


def _noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _pass(layers: Layers) -> list[Tensor]:
    """The output of a plain pass in slices, that of a pass on tape, and its two gradients."""
    latents = _noise(1, FRAMES, CHANNELS, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    given = (_noise(2, 1, 128), _noise(3, FRAMES, 1, CHANNELS))
    slicing = Slicing(frames=2, pixels=32)
    seeds = [_noise(seed, *latents.shape) for seed in (4, 5)]

    def seed(start: int, length: int) -> list[Tensor]:
        return [whole[start : start + length].clone() for whole in seeds]

    with torch.no_grad():
        plain = layers.run(Runner(slicing), latents, *given)
        tape = TapeRunner(slicing)
        taped = layers.run(tape, latents, *given)
        pairs: list[tuple[Tensor, Seed]] = [(taped, seed)]
        return [plain, taped, *tape.backward(pairs, latents)]


def _relative(mine: Tensor, reference: Tensor) -> float:
    return float((mine - reference).norm() / reference.norm())


@pytest.mark.slow
def test_compiled_layers_give_the_same_values_and_gradients() -> None:
    if reason := cannot_compile(torch.device("cpu")):
        pytest.skip(f"compiles for the processor, where {reason}")
    said: list[str] = []
    layers = Layers(0)
    expected = _pass(layers)
    before = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    with compiled_layers([layers], warn=said.append):
        for mine, reference in zip(_pass(layers), expected, strict=True):
            assert _relative(mine, reference) < 1e-5
    # Four methods, each with and without gradients.
    made = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    assert made - before == 8
    assert not said
    # Another network of the same sizes, as the next job loads it: nothing is compiled again.
    other = Layers(1)
    reference = _pass(other)[0]
    with compiled_layers([other], warn=said.append):
        assert _relative(_pass(other)[0], reference) < 1e-5
        assert _relative(reference, expected[0]) > 0.1
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == made
    # And nothing keeps a network that is no longer wanted in memory.
    gone = weakref.ref(layers.resnet)
    del layers
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(os.name == "nt", reason="the broken compiler is a shell script")
def test_a_compiler_that_fails_is_told_once_and_done_without(
    tmp_path: Path,
) -> None:
    broken = tmp_path / "broken-g++"
    broken.write_text('#!/bin/sh\n[ "$1" = --version ] && echo 13.0 && exit 0\nexit 3\n')
    broken.chmod(0o755)
    layers, said = Layers(0), list[str]()
    latents, temb, cross = _noise(1, 1, CHANNELS, 4, 4), _noise(2, 1, 128), _noise(3, 1, 1, 64)
    with (
        torch.no_grad(),
        torch._inductor.config.patch({"cpp.cxx": (str(broken),), "force_disable_caches": True}),
        compiled_layers([layers], warn=said.append),
    ):
        mine = layers.run(Runner(), latents, temb, cross)
    with torch.no_grad():
        assert torch.equal(mine, layers.run(Runner(), latents, temb, cross))
    assert len(said) == 1 and "torch.compile failed" in said[0]


def test_cancelling_takes_effect_between_two_layers_and_leaves_them_as_they_were() -> None:
    layers, calls = Layers(0), []

    def check() -> None:
        calls.append(1)
        raise CancelledError()

    kept = {name: dict(vars(module)) for name, module in layers.named_modules()}
    with pytest.raises(CancelledError), compiled_layers([layers], warn=print, check=check):
        _pass(layers)
    assert len(calls) == 1
    assert kept == {name: dict(vars(module)) for name, module in layers.named_modules()}
