"""Running a single step of the product's sampler, from any point of the schedule."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

import torch
from torch import Tensor

from mf_backend.bench.settings import BenchSettings, model_config
from mf_backend.contracts.errors import InputError
from mf_backend.engines.motionfollower.memory.prediction import random_conditions
from mf_backend.models.model_set import ModelSet, build_models, random_models
from mf_backend.sampler.conditions import Conditions
from mf_backend.sampler.loop import run
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import Phases, SamplerOptions
from mf_backend.sampler.state import SamplerState
from mf_backend.sampler.units import Progress, list_units


class Kind(StrEnum):
    """Kinds of steps, by what they cost."""

    PLAIN = "plain"
    GUIDED = "guided"
    REPLAYED = "replayed"


class _StepDoneError(Exception):
    """The one step is over."""


def same_steps(settings: BenchSettings, released: bool) -> SamplerOptions:
    """Options that guide and replay the released step numbers on both sides.

    The default's own fractions would guide other (and with few steps fewer) steps, which would
    not compare the same work.
    """
    make = SamplerOptions.released if released else SamplerOptions.default
    options = make(steps=settings.steps, cfg=settings.cfg, moving_camera=settings.moving_camera)
    return dataclasses.replace(options, phases_as_fractions=False)


def kinds_of_steps(options: SamplerOptions) -> dict[Kind, list[int]]:
    """Step numbers of each kind."""
    phases = Phases(options)
    found: dict[Kind, list[int]] = {kind: [] for kind in Kind}
    for i in range(options.steps):
        if phases.replays(i) > 1:
            found[Kind.REPLAYED].append(i)
        elif phases.guided(i):
            found[Kind.GUIDED].append(i)
        else:
            found[Kind.PLAIN].append(i)
    return {kind: steps for kind, steps in found.items() if steps}


def make_models(settings: BenchSettings, estimator: bool) -> ModelSet:
    """Networks with random weights (none on the meta device)."""
    config = model_config(settings.model)
    if settings.device.type == "meta":
        return build_models(config, device="meta", dtype=settings.dtype, estimator=estimator)
    return random_models(
        config, settings.seed, device=settings.device, dtype=settings.dtype, estimator=estimator
    )


def make_conditions(settings: BenchSettings, models: ModelSet) -> Conditions:
    """Random conditions of one window. Raises InputError for more frames than a window takes."""
    if settings.frames > models.config.motion.max_frames:
        raise InputError(
            "bench-frames",
            f"A window holds at most {models.config.motion.max_frames} frames; memory and time "
            "for longer clips are those of their windows.",
        )
    fill = settings.device.type != "meta"
    return random_conditions(models, settings.frames, settings.size, fill=fill)


class OneStep:
    """Step by step access to the loop."""

    def __init__(
        self, models: ModelSet, conditions: Conditions, options: SamplerOptions, plan: MemoryPlan
    ) -> None:
        self.models, self.conditions, self.options, self.plan = models, conditions, options, plan
        self._positions = {
            unit.step: index
            for index, unit in reversed(list(enumerate(list_units(options, 1, plan))))
        }
        shape, device = conditions.latent_shape, conditions.device
        self.latents: Tensor = (
            torch.empty(shape, device=device)
            if device.type == "meta"
            else torch.randn(shape, device=device)
        )

    def __call__(self, index: int) -> None:
        """Do step `index` from random latents."""
        generator = torch.Generator().manual_seed(0)
        state = SamplerState(self.latents, self.latents.clone(), self._positions[index], generator)

        def stop(state: SamplerState, progress: Progress) -> None:
            if progress.step > index:
                raise _StepDoneError

        try:
            run(self.models, self.conditions, self.options, state, plan=self.plan, on_unit=stop)
        except _StepDoneError:
            return
