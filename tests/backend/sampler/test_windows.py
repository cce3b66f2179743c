"""Clips longer than the motion modules' reach."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mf_backend.contracts.errors import InputError
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.conditions import prepare
from mf_backend.sampler.decode import decode_frames
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.sampler.loop import run
from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.state import initial_state
from mf_backend.sampler.windows import Window, blend_weights, plan_windows


def test_up_to_the_reach_there_is_one_window_of_weight_one() -> None:
    for frames in (1, 24, 32):
        windows = plan_windows(frames, SamplerOptions.default(), 32)
        assert windows == [Window(0, frames)]
        assert torch.equal(blend_weights(windows, frames)[0], torch.ones(frames))


@pytest.mark.parametrize("frames", [33, 40, 41, 100, 600, 1001])
def test_windows_cover_and_weights_add_up(frames: int) -> None:
    options = SamplerOptions.default()
    windows = plan_windows(frames, options, 32)
    assert windows[0].start == 0
    assert windows[-1].stop == frames
    assert all(window.stop - window.start == options.window_frames for window in windows)
    for one, other in itertools.pairwise(windows):
        assert one.stop - other.start >= options.window_overlap
    total = torch.zeros(frames)
    for window, weight in zip(windows, blend_weights(windows, frames), strict=True):
        assert bool((weight > 0).all())
        total[window.frames] += weight
    assert torch.allclose(total, torch.ones(frames))


def test_the_released_sampler_refuses_more_frames_than_its_table() -> None:
    with pytest.raises(InputError, match="at most 32"):
        plan_windows(33, SamplerOptions.released(), 32)


def test_each_step_blends_predictions_and_guidance_of_all_windows(
    models: ModelSet, make_inputs: Callable[..., SamplerInputs]
) -> None:
    options = SamplerOptions.default(steps=2, seed=3)
    conditions = prepare(models, make_inputs(40), options)
    windows = conditions.windows
    assert windows == [Window(0, 24), Window(16, 40)]
    seen: dict[str, list[Tensor]] = {}

    def trace(name: str, step: int, replay: int, value: Tensor) -> None:
        if step == 0:
            seen.setdefault(name, []).append(value)

    noise = initial_state(conditions, options).edit
    run(models, conditions, options, trace=trace)
    blended = {name: torch.zeros_like(noise) for name in ("u", "c", "g")}
    keys = ("edit/noise_pred_uncond", "edit/noise_pred_cond", "edit/guidance")
    for k, weight in enumerate(blend_weights(windows, 40)):
        for total, key in zip(blended.values(), keys, strict=True):
            total[windows[k].frames] += weight.view(-1, 1, 1, 1) * seen[key][k]
    overlap = slice(16, 24)
    assert not torch.allclose(seen[keys[1]][0][overlap], seen[keys[1]][1][:8], atol=1e-3)
    v = blended["u"] + options.cfg * (blended["c"] - blended["u"])
    schedule = Schedule(models.config.schedule, options.steps)
    t = schedule.timesteps[0]
    x0, eps = schedule.clean(t, noise, v + blended["g"]), schedule.noise(t, noise, v)
    expected = schedule.mix(schedule.previous(t), x0, eps)
    assert torch.allclose(seen["edit/latents"][0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_six_hundred_frames(
    models: ModelSet, make_inputs: Callable[..., SamplerInputs], odd_path: Path
) -> None:
    inputs = make_inputs(600)
    options = SamplerOptions.default(steps=2, moving_camera=True, window_frames=32)
    conditions = prepare(models, inputs, options, work_folder=odd_path / "features")
    assert len(conditions.windows) == 25
    assert (odd_path / "features" / "appearance.0.bin").stat().st_size > 0
    seen: list[float] = []
    state = run(models, conditions, options, on_unit=lambda _, progress: seen.append(progress.done))
    assert len(seen) == 50
    assert state.edit.shape == (600, 4, 8, 8)
    assert state.edit.isfinite().all()
    pictures = decode_frames(models, conditions, state.edit, start=597)
    assert [picture.shape for picture in pictures] == [(64, 64, 3)] * 3
