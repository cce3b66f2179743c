"""Slices and recomputation change neither the prediction nor the gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mf_backend.models.config import tiny_config
from mf_backend.models.denoiser.unet import Extras, MotionUNet, UNetConditions
from mf_backend.models.model_set import random_models
from mf_backend.models.running.runner import Mixes, Runner, Slicing
from mf_backend.models.running.tape import Seed, TapeRunner

FRAMES, SIDE = 5, 16


@pytest.fixture(scope="module")
def unet() -> MotionUNet:
    return random_models(tiny_config(), 1).unet


@pytest.fixture(scope="module")
def conditions(unet: MotionUNet) -> UNetConditions:
    generator = torch.Generator().manual_seed(2)

    def noise(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    with torch.no_grad():
        return UNetConditions(
            noise(FRAMES, 32, SIDE, SIDE),
            unet.appearance_features(noise(FRAMES, 3, SIDE * 8, SIDE * 8)),
            unet.cross_constants(noise(FRAMES, 1, 32)),
        )


@pytest.fixture(scope="module")
def latents() -> Tensor:
    return torch.randn((FRAMES, 4, SIDE, SIDE), generator=torch.Generator().manual_seed(3))


def _seed(gradients: list[Tensor]) -> Seed:
    return lambda start, length: [whole[start : start + length].clone() for whole in gradients]


def _relative(mine: Tensor, reference: Tensor) -> float:
    return float((mine - reference).norm() / reference.norm())


@pytest.mark.parametrize("slicing", [Slicing(frames=2), Slicing(pixels=48), Slicing(1, 1)])
def test_slices_give_the_same_prediction(
    unet: MotionUNet, conditions: UNetConditions, latents: Tensor, slicing: Slicing
) -> None:
    with torch.no_grad():
        whole = unet(latents, 500, conditions, Runner(), Extras((1, 2), collect=True))
        parts = unet(latents, 500, conditions, Runner(slicing), Extras((1, 2), collect=True))
    assert _relative(parts.sample, whole.sample) < 1e-5
    assert _relative(parts.features[2], whole.features[2]) < 1e-5
    assert set(parts.keys_values) == set(whole.keys_values)
    assert len(whole.keys_values) == 9
    for name, pair in whole.keys_values.items():
        assert _relative(parts.keys_values[name].keys, pair.keys) < 1e-5


@pytest.mark.parametrize(
    ("slicing", "kept", "coarse"),
    [
        (Slicing(), 0, False),
        (Slicing(), 1, False),
        (Slicing(), 0, True),
        (Slicing(frames=2, pixels=48), 0, False),
        (Slicing(frames=2, pixels=48), 0, True),
        (Slicing(1, 1), 0, False),
        (Slicing(frames=2, pixels=48), 1, False),
        (Slicing(frames=2, pixels=48), 1 / 16, False),
        (Slicing(frames=2), 1 / 4, True),
    ],
)
def test_gradients_equal_those_of_autograd(
    unet: MotionUNet,
    conditions: UNetConditions,
    latents: Tensor,
    slicing: Slicing,
    kept: float,
    coarse: bool,
) -> None:
    x = latents.clone().requires_grad_()
    plain = unet(x, 500, conditions, Runner(), Extras((1, 2), stop_after_features=True))
    generator = torch.Generator().manual_seed(4)
    seeds = [
        [torch.randn(plain.features[k].shape, generator=generator) for _ in range(2)]
        for k in (1, 2)
    ]
    features = [plain.features[k] for k in (1, 2)]
    expected = [
        torch.autograd.grad(features, x, [pair[j] for pair in seeds], retain_graph=True)[0]
        for j in range(2)
    ]
    with torch.no_grad():
        tape = TapeRunner(slicing, kept=kept, coarse=coarse)
        output = unet(latents, 500, conditions, tape, Extras((1, 2)))
        assert output.sample is not None
        pairs = [(output.features[k], _seed(pair)) for k, pair in zip((1, 2), seeds, strict=True)]
        found = tape.backward(pairs, latents)
    for mine, reference in zip(found, expected, strict=True):
        assert _relative(mine, reference) < 1e-5


def test_a_tape_without_a_path_to_what_is_wanted_says_so() -> None:
    tape = TapeRunner()
    x, stranger = torch.ones(1, 1, 2, 2), torch.ones(1, 1, 2, 2)
    y = tape.run(Mixes.SPACE, torch.sin, [x])
    with pytest.raises(ValueError, match="no gradient"):
        tape.backward([(y, _seed([torch.ones_like(y)]))], stranger)
