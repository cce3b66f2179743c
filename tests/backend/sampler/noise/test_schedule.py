"""The schedule's equations, and its solvers on a case with a known solution."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from mf_backend.models.config import ScheduleConfig
from mf_backend.sampler.noise.replay import renoise, renoise_timestep
from mf_backend.sampler.noise.schedule import Schedule


def test_timesteps_trail_and_the_terminal_signal_is_zero() -> None:
    schedule = Schedule(ScheduleConfig(), 50)
    assert schedule.timesteps == list(range(999, 0, -20))
    assert schedule.alpha(999) == 0.0
    assert schedule.alpha(-1) == 1.0
    assert schedule.previous(999) == 979


def test_the_stride_is_an_integer_division() -> None:
    schedule = Schedule(ScheduleConfig(), 30)
    assert {schedule.timesteps[0] - schedule.previous(schedule.timesteps[0])} == {33}
    assert {a - b for a, b in itertools.pairwise(schedule.timesteps)} == {
        33,
        34,
    }


def test_clean_and_noise_make_up_the_latents_again() -> None:
    schedule = Schedule(ScheduleConfig(), 50)
    x, v = torch.randn(2, 3), torch.randn(2, 3)
    for t in (999, 499, 19):
        again = schedule.mix(t, schedule.clean(t, x, v), schedule.noise(t, x, v))
        assert torch.allclose(again, x, atol=1e-5)


def test_renoising_undoes_a_step_of_the_same_prediction() -> None:
    schedule = Schedule(ScheduleConfig(), 50)
    t = schedule.timesteps[22]
    x0, eps = torch.randn(2, 3), torch.randn(2, 3)
    below = schedule.mix(schedule.previous(t), x0, eps)
    a = schedule.alpha(renoise_timestep(schedule, t))
    v = math.sqrt(a) * eps - math.sqrt(1 - a) * x0
    assert torch.allclose(renoise(schedule, t, below, v), schedule.mix(t, x0, eps), atol=1e-5)
    assert renoise_timestep(schedule, 19) == 0


def _errors(steps: int, spread: float, *, last_step: bool) -> list[float]:
    """Relative errors of DDIM and of the second-order solver, with or without the last step.

    Data are N(0, spread^2) with their exact predictor, for which latents at any timestep are
    exactly sqrt(a spread^2 + 1 - a) times the initial noise.
    """
    schedule = Schedule(ScheduleConfig(), steps)
    timesteps = schedule.timesteps if last_step else schedule.timesteps[:-1]
    a = schedule.alpha(schedule.previous(timesteps[-1]))
    exact = math.sqrt(a * spread**2 + 1 - a)
    return [abs(_sample(schedule, timesteps, second, spread) / exact - 1) for second in (0, 1)]


def _sample(schedule: Schedule, timesteps: list[int], second_order: int, spread: float) -> float:
    x = torch.ones((), dtype=torch.float64)
    before = None
    for i, t in enumerate(timesteps):
        a = schedule.alpha(t)
        x0 = math.sqrt(a) * spread**2 * x / (a * spread**2 + 1 - a)
        eps = (x - math.sqrt(a) * x0) / math.sqrt(1 - a)
        v = math.sqrt(a) * eps - math.sqrt(1 - a) * x0
        x = schedule.step(t, x, v)
        if second_order and before is not None:
            x = x + schedule.second_order(i) * (x0 - before)
        before = x0
    return float(x)


@pytest.mark.parametrize("spread", [0.7, 1.5])
def test_the_second_order_solver_is_closer_to_the_exact_result(spread: float) -> None:
    first, second = _errors(10, spread, last_step=True)
    assert second < 0.7 * first
    # Without the last step, which is of first order in both, the difference is far larger.
    for steps in (20, 40):
        first, second = _errors(steps, spread, last_step=False)
        assert second < 0.2 * first
