"""The sampler's solvers beside diffusers' own, with the same network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler

from mf_backend.models.model_set import ModelSet
from mf_backend.models.running.runner import Runner
from mf_backend.sampler.conditions import prepare
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import SamplerOptions, Solver
from mf_backend.sampler.state import initial_state

THEIRS: dict[Solver, tuple[Any, dict[str, Any]]] = {
    Solver.DDIM: (DDIMScheduler, {"clip_sample": False}),
    Solver.DPM_SOLVER_2M: (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++"}),
    Solver.UNIPC: (UniPCMultistepScheduler, {"solver_type": "bh2"}),
}


@pytest.mark.parametrize("solver", list(Solver))
def test_every_solver_takes_the_steps_of_diffusers_own(
    models: ModelSet, make_inputs: Callable[..., SamplerInputs], solver: Solver
) -> None:
    # Noise that ends with some signal: diffusers' multistep solvers put a small one in its place.
    noise = dataclasses.replace(models.config.schedule, rescale_betas_zero_snr=False)
    ours = dataclasses.replace(models, config=dataclasses.replace(models.config, schedule=noise))
    options = SamplerOptions.default(steps=5, cfg=1.0, energy_scale=0.0, solver=solver)
    conditions = prepare(ours, make_inputs(2), options)
    found = run(ours, conditions, options, plan=MemoryPlan()).edit
    kind, more = THEIRS[solver]
    scheduler = kind(
        num_train_timesteps=noise.train_timesteps,
        beta_start=noise.beta_start,
        beta_end=noise.beta_end,
        beta_schedule=noise.beta_schedule,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        **more,
    )
    scheduler.set_timesteps(options.steps)
    x = initial_state(conditions, options).edit
    given = conditions.window(ours, conditions.windows[0]).target
    for t in scheduler.timesteps:
        v = ours.unet(x, int(t), given, Runner(MemoryPlan().slicing)).sample
        x = scheduler.step(v, t, x).prev_sample
    difference = float((found - x).abs().max())
    print(f"{solver.value}: largest difference {difference:.1e} of {float(x.abs().max()):.1f}")
    # Theirs solves for the corrector's weights in single precision.
    assert difference < 5e-4 * float(x.abs().max())
