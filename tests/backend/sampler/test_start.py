"""Denoising that starts from pictures instead of noise."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from mf_backend.contracts.errors import InputError
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.conditions import Conditions, prepare
from mf_backend.sampler.encode import encode_frames
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.state import SamplerState, initial_state, started_state
from mf_backend.sampler.units import Progress

MakeInputs = Callable[..., SamplerInputs]


def begin(
    models: ModelSet, make_inputs: MakeInputs, strength: float
) -> tuple[Conditions, SamplerOptions, SamplerState, torch.Tensor]:
    options = SamplerOptions.default(steps=10, start_strength=strength)
    conditions = prepare(models, make_inputs(2), options)
    pictures = np.random.default_rng(3).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    start = encode_frames(models, conditions, pictures)
    source = encode_frames(models, conditions, make_inputs(2).frames)
    state = started_state(conditions, options, models.config.schedule, source, start)
    return conditions, options, state, start


def test_full_strength_is_the_start_from_noise(models: ModelSet, make_inputs: MakeInputs) -> None:
    conditions, options, state, start = begin(models, make_inputs, 1.0)
    plain = initial_state(conditions, options)
    assert start.shape == conditions.latent_shape
    assert torch.equal(state.edit, plain.edit) and torch.equal(state.recon, plain.recon)
    assert state.position == 0


@pytest.mark.parametrize(("strength", "steps"), [(0.5, 5), (0.1, 1), (0.001, 1)])
def test_less_strength_leaves_fewer_steps(
    models: ModelSet, make_inputs: MakeInputs, strength: float, steps: int
) -> None:
    conditions, options, state, _ = begin(models, make_inputs, strength)
    seen: list[int] = []

    def on_unit(state: SamplerState, progress: Progress) -> None:
        seen.append(progress.step)

    run(models, conditions, options, state, plan=MemoryPlan(kept=1), on_unit=on_unit)
    assert (seen[0] >= 10 - steps) and sorted(set(seen))[-1] == 10
    assert len(set(seen) - {10 - steps}) == steps


def test_what_it_starts_from_shows_the_more_the_less_strength(
    models: ModelSet, make_inputs: MakeInputs
) -> None:
    errors = []
    for strength in (0.1, 0.6):
        conditions, options, state, start = begin(models, make_inputs, strength)
        done = run(models, conditions, options, state, plan=MemoryPlan(kept=1))
        errors.append(float((done.edit - start).square().mean()))
    assert errors[0] < 0.5 * errors[1]


@pytest.mark.parametrize("strength", [0.0, -1.0, 1.5, float("nan")])
def test_strengths_that_make_no_sense_are_refused(strength: float) -> None:
    with pytest.raises(InputError, match="above 0 and at most 1"):
        SamplerOptions.default(start_strength=strength)
