"""Whole runs with the tiny model: repairs, resumption, independence of jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.models.config import tiny_config
from mf_backend.models.model_set import ModelSet, random_models
from mf_backend.sampler.conditions import prepare
from mf_backend.sampler.decode import decode_frames
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import SamplerOptions, Solver
from mf_backend.sampler.state import SamplerState
from mf_backend.sampler.units import Progress

MakeInputs = Callable[..., SamplerInputs]
FAST = MemoryPlan(kept=1)


class StopHereError(Exception):
    """Raised by a test's callback in the middle of a run."""


def _edit(models: ModelSet, inputs: SamplerInputs, options: SamplerOptions) -> Tensor:
    conditions = prepare(models, inputs, options)
    return run(models, conditions, options, plan=FAST).edit


def test_a_frame_without_vacated_region_spoils_only_the_released_behaviour(
    models: ModelSet, make_inputs: MakeInputs
) -> None:
    inputs = make_inputs(3, same_in=1)
    released = _edit(models, inputs, SamplerOptions.released(steps=2))
    assert released.isnan().all()
    repaired = SamplerOptions.released(steps=2, skip_empty_regions=True)
    assert _edit(models, inputs, repaired).isfinite().all()


def test_without_empty_regions_the_repair_changes_nothing(
    models: ModelSet, make_inputs: MakeInputs
) -> None:
    inputs = make_inputs(2)
    plain = _edit(models, inputs, SamplerOptions.released(steps=2))
    repaired = _edit(models, inputs, SamplerOptions.released(steps=2, skip_empty_regions=True))
    assert torch.allclose(plain, repaired, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_any_size_is_padded_and_cropped_back(models: ModelSet, make_inputs: MakeInputs) -> None:
    inputs = make_inputs(2, 96, 208)
    with pytest.raises(InputError, match="multiples of 64"):
        prepare(models, inputs, SamplerOptions.released())
    options = SamplerOptions.default(steps=2, moving_camera=True)
    conditions = prepare(models, inputs, options)
    assert conditions.padded == (128, 256)
    names: set[str] = set()
    state = run(
        models,
        conditions,
        options,
        plan=FAST,
        trace=lambda name, step, replay, value: names.add(name),
    )
    assert "edit/guidance" in names
    assert any(name.startswith("recon/buffer_key/") for name in names)
    assert state.edit.isfinite().all()
    pictures = list(decode_frames(models, conditions, state.edit))
    assert [picture.shape for picture in pictures] == [(96, 208, 3)] * 2
    assert all(picture.std() > 0 for picture in pictures)


def test_one_frame(models: ModelSet, make_inputs: MakeInputs) -> None:
    options = SamplerOptions.default(steps=5, moving_camera=True)
    result = _edit(models, make_inputs(1), options)
    assert result.shape == (1, 4, 8, 8)
    assert result.isfinite().all()


def test_twenty_steps_go_through_every_phase(models: ModelSet, make_inputs: MakeInputs) -> None:
    options = SamplerOptions.default(steps=20, moving_camera=True)
    conditions = prepare(models, make_inputs(2), options)
    seen: dict[str, list[tuple[int, int]]] = {}

    def trace(name: str, step: int, replay: int, value: Tensor) -> None:
        seen.setdefault(name, []).append((step, replay))

    run(models, conditions, options, plan=FAST, trace=trace)
    assert seen["edit/guidance"][-3:] == [(10, 0), (10, 1), (10, 2)]
    assert seen["edit/renoise_pred"] == [(10, 0), (10, 1)]
    layer = "recon/buffer_key/up_blocks.1.attentions.0"
    assert [step for step, _ in seen[layer]] == list(range(8, 20))
    assert len(seen["edit/latents"]) == 20


def test_noise_acts_inside_the_target_mask_alone(models: ModelSet, make_inputs: MakeInputs) -> None:
    """Another generator state before the first noisy step changes only what lies inside."""
    options = SamplerOptions.default(steps=20, energy_scale=0.0)
    conditions = prepare(models, make_inputs(2), options)
    inside = conditions.target_mask().expand(-1, 4, -1, -1)
    results = []
    for other in (False, True):

        def at_step_six(state: SamplerState, progress: Progress, other: bool = other) -> None:
            if progress.step == 5 and other:
                state.generator.manual_seed(99)
            if progress.step == 6:
                results.append(state.edit)
                raise StopHereError

        with pytest.raises(StopHereError):
            run(models, conditions, options, plan=FAST, on_unit=at_step_six)
    assert torch.equal(results[0][~inside], results[1][~inside])
    assert not torch.equal(results[0][inside], results[1][inside])


def test_guidance_features_of_the_denoiser_need_no_second_network(
    make_inputs: MakeInputs,
) -> None:
    """As released, the untrained adapter of the second network decides what comes out."""
    inputs = make_inputs(2)
    pair = [random_models(tiny_config(), 5, estimator=True) for _ in range(2)]
    other = pair[1].estimator
    assert other is not None
    with torch.no_grad():
        for parameter in other.appearance_adapter.parameters():
            parameter.mul_(0.5)
    options = SamplerOptions.released(steps=2)
    results = [_edit(models, inputs, options) for models in pair]
    assert not torch.allclose(results[0], results[1], atol=1e-3)
    repaired = SamplerOptions.released(steps=2, denoiser_features=True)
    results = [_edit(models, inputs, repaired) for models in pair]
    assert torch.equal(results[0], results[1])
    alone = random_models(tiny_config(), 5)
    alone.unet = pair[0].unet
    assert alone.estimator is None
    with pytest.raises(InputError, match="second guidance network"):
        prepare(alone, inputs, options)
    assert prepare(alone, inputs, repaired).frames == 2


def test_the_reconstruction_that_nothing_needs_changes_no_edit(
    models: ModelSet, make_inputs: MakeInputs
) -> None:
    inputs = make_inputs(2)
    short, whole = (
        _edit(models, inputs, SamplerOptions.default(steps=5, whole_reconstruction=whole))
        for whole in (False, True)
    )
    assert torch.equal(short, whole)


def test_two_jobs_in_one_process_share_nothing(models: ModelSet, make_inputs: MakeInputs) -> None:
    first = SamplerOptions.default(steps=5, moving_camera=True, seed=1)
    second = SamplerOptions.default(steps=6, moving_camera=True, seed=2)
    inputs, others = make_inputs(3), make_inputs(2, 128, 64, seed=9)
    alone = _edit(models, inputs, first)
    conditions = prepare(models, inputs, first)
    held: list[SamplerState] = []

    def pause(state: SamplerState, progress: Progress) -> None:
        if progress.step == 3:
            held.append(state)
            raise StopHereError

    with pytest.raises(StopHereError):
        run(models, conditions, first, plan=FAST, on_unit=pause)
    _edit(models, others, second)
    torch.manual_seed(1234)
    resumed = run(models, conditions, first, held[0], plan=FAST).edit
    assert torch.equal(resumed, alone)
    assert torch.equal(_edit(models, inputs, first), alone)


@pytest.mark.parametrize("frames", [2, 6])
def test_a_run_goes_on_from_any_saved_unit(
    models: ModelSet, make_inputs: MakeInputs, odd_path: Path, frames: int
) -> None:
    """Also from the middle of a replayed step, and between two windows."""
    small = random_models(tiny_config(), 5)
    small.unet = models.unet
    options = SamplerOptions.default(
        steps=10, moving_camera=True, window_frames=4, window_overlap=2
    )
    conditions = prepare(small, make_inputs(frames), options)
    if frames > 4:
        from mf_backend.sampler.windows import Window

        conditions.windows = [Window(0, 4), Window(2, 6)]
    path = odd_path / "state.safetensors"
    units = 0

    def count(state: SamplerState, progress: Progress) -> None:
        nonlocal units
        units += 1

    whole = run(small, conditions, options, plan=FAST, on_unit=count).edit

    def save_and_stop(state: SamplerState, progress: Progress) -> None:
        state.save(path)
        raise StopHereError

    state = None
    for _ in range(units - 1):
        with pytest.raises(StopHereError):
            run(small, conditions, options, state, plan=FAST, on_unit=save_and_stop)
        state = SamplerState.load(path, "cpu")
    assert torch.equal(run(small, conditions, options, state, plan=FAST).edit, whole)


def test_progress_rises_to_one(models: ModelSet, make_inputs: MakeInputs) -> None:
    options = SamplerOptions.default(steps=5)
    seen: list[Progress] = []
    run(
        models,
        prepare(models, make_inputs(1), options),
        options,
        plan=FAST,
        on_unit=lambda _, progress: seen.append(progress),
    )
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)
    assert seen[-1].step == seen[-1].steps == 5


def test_cfg_one_needs_no_unconditional_half(models: ModelSet, make_inputs: MakeInputs) -> None:
    options = SamplerOptions.default(steps=2, cfg=1.0)
    names: set[str] = set()
    conditions = prepare(models, make_inputs(1), options)
    state = run(
        models, conditions, options, trace=lambda name, step, replay, value: names.add(name)
    )
    assert state.edit.isfinite().all()
    assert "edit/noise_pred_uncond" not in names


def test_a_result_that_is_not_finite_is_no_picture(
    models: ModelSet, make_inputs: MakeInputs
) -> None:
    options = SamplerOptions.default(steps=1)
    conditions = prepare(models, make_inputs(1), options)
    with pytest.raises(MFError, match="finite"):
        next(decode_frames(models, conditions, torch.full((1, 4, 8, 8), torch.nan)))


def test_what_does_not_fit_together_is_refused_before_any_work(
    models: ModelSet, make_inputs: MakeInputs
) -> None:
    good = make_inputs(3)
    options = SamplerOptions.default()
    bad = [
        (SamplerInputs(*[np.zeros((0, 64, 64, 3), np.uint8)] * 5), "no frames"),
        (
            SamplerInputs(good.frames, good.source_poses[:2], good.target_poses, *_masks_of(good)),
            "3 frames but 2 source poses",
        ),
        (
            SamplerInputs(
                good.frames,
                good.source_poses,
                good.target_poses,
                np.zeros((3, 32, 64), np.uint8),
                good.target_masks,
            ),
            "source masks",
        ),
        (
            SamplerInputs(
                good.frames, good.source_poses, good.target_poses, good.frames, good.target_masks
            ),
            "one channel",
        ),
    ]
    for inputs, word in bad:
        with pytest.raises(InputError, match=word):
            prepare(models, inputs, options)


def _masks_of(inputs: SamplerInputs) -> tuple[np.ndarray, np.ndarray]:
    return inputs.source_masks, inputs.target_masks  # type: ignore[return-value]


def test_a_damaged_state_is_refused(odd_path: Path) -> None:
    path = odd_path / "state.safetensors"
    path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match="could not be read"):
        SamplerState.load(path, "cpu")


@pytest.mark.parametrize("solver", [Solver.DPM_SOLVER_2M, Solver.UNIPC])
def test_a_draft_runs_and_goes_on_from_a_saved_unit(
    models: ModelSet, make_inputs: MakeInputs, odd_path: Path, solver: Solver
) -> None:
    """A multistep solver's memory of the steps before is part of the state."""
    options = SamplerOptions.draft(steps=5, solver=solver)
    conditions = prepare(models, make_inputs(2), options)
    whole = run(models, conditions, options, plan=FAST).edit
    path = odd_path / "state.safetensors"

    def stop(state: SamplerState, progress: Progress) -> None:
        if progress.step == 3:
            state.save(path)
            raise StopHereError

    with pytest.raises(StopHereError):
        run(models, conditions, options, plan=FAST, on_unit=stop)
    resumed = run(models, conditions, options, SamplerState.load(path, "cpu"), plan=FAST).edit
    assert torch.equal(resumed, whole)
    first_order = SamplerOptions.draft(steps=5, solver=Solver.DDIM)
    assert not torch.allclose(_edit(models, make_inputs(2), first_order), whole, atol=1e-3)
