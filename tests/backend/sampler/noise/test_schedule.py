"""The schedule's equations, and its solvers on a case with a known solution."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from mf_backend.models.config import ScheduleConfig
from mf_backend.sampler.noise.replay import renoise, renoise_timestep
from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.sampler.noise.solvers import weights
from mf_backend.sampler.options import Solver


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
    """Relative errors of DDIM and of the multistep solvers, with or without the last step.

    Data are N(0, spread^2) with their exact predictor, for which latents at any timestep are
    exactly sqrt(a spread^2 + 1 - a) times the initial noise.
    """
    schedule = Schedule(ScheduleConfig(), steps)
    timesteps = schedule.timesteps if last_step else schedule.timesteps[:-1]
    a = schedule.alpha(schedule.previous(timesteps[-1]))
    exact = math.sqrt(a * spread**2 + 1 - a)
    return [abs(_sample(schedule, timesteps, solver, spread) / exact - 1) for solver in Solver]


def _sample(schedule: Schedule, timesteps: list[int], solver: Solver, spread: float) -> float:
    x = torch.ones((), dtype=torch.float64)
    known: list[torch.Tensor] = []
    for i, t in enumerate(timesteps):
        a = schedule.alpha(t)
        x0 = math.sqrt(a) * spread**2 * x / (a * spread**2 + 1 - a)
        eps = (x - math.sqrt(a) * x0) / math.sqrt(1 - a)
        v = math.sqrt(a) * eps - math.sqrt(1 - a) * x0
        x = schedule.step(t, x, v)
        known = [*known[-2:], x0]
        added = weights(solver, schedule, i, len(known) - 1, corrects=True)
        if len(known) > 1:
            x = x + added.d1 * (known[-1] - known[-2])
        if len(known) > 2:
            x = x + added.d2 * (known[-2] - known[-3])
    return float(x)


@pytest.mark.parametrize("spread", [0.7, 1.5])
def test_multistep_solvers_are_closer_to_the_exact_result(spread: float) -> None:
    ddim, dpm, unipc = _errors(10, spread, last_step=True)
    print(f"10 steps: DDIM {ddim:.1e}, DPM-Solver++ {dpm:.1e}, UniPC {unipc:.1e}")
    assert max(dpm, unipc) < 0.7 * ddim
    # Without the last step, which is of first order in all, the difference is far larger.
    for steps in (20, 40):
        ddim, dpm, unipc = _errors(steps, spread, last_step=False)
        print(f"{steps} steps: DDIM {ddim:.1e}, DPM-Solver++ {dpm:.1e}, UniPC {unipc:.1e}")
        assert max(dpm, unipc) < 0.2 * ddim
