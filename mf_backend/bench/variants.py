"""What a measurement compares: the plain port, the product's samplers, and the draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mf_backend.bench.baseline import make_baseline
from mf_backend.bench.settings import BenchSettings
from mf_backend.bench.single_step import (
    Kind,
    OneStep,
    kinds_of_steps,
    make_conditions,
    make_models,
    same_steps,
)
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.memory import MemoryPlan, park
from mf_backend.sampler.options import SamplerOptions

BASELINE, DEFAULT, RELEASED, DRAFT = "baseline", "default", "released", "draft"


@dataclass(frozen=True)
class Side:
    """One way of making a clip: does a step of it by number; the numbers of each kind of step."""

    step: Callable[[int], None]
    kinds: dict[Kind, list[int]]

    def whole_run(self, of_kind: dict[Kind, float]) -> float:
        """The sum over a run's steps of a figure known for each kind of step."""
        return sum(of_kind[kind] * len(steps) for kind, steps in self.kinds.items())


def make_sides(settings: BenchSettings, plan: MemoryPlan) -> tuple[dict[str, Side], ModelSet]:
    """All sides over the same weights and conditions, and the product's networks.

    Baseline, default and released do the released steps; the draft has its own few.
    """
    models = make_models(settings, estimator=True)
    conditions = make_conditions(settings, models)
    options = same_steps(settings, released=False)
    draft = SamplerOptions.draft(cfg=settings.cfg, moving_camera=settings.moving_camera)
    baseline = make_baseline(settings, models, conditions, options)
    park(models)
    kinds = kinds_of_steps(options)
    released = OneStep(models, conditions, same_steps(settings, released=True), plan)
    return {
        BASELINE: Side(baseline.step, kinds),
        DEFAULT: Side(OneStep(models, conditions, options, plan), kinds),
        RELEASED: Side(released, kinds),
        DRAFT: Side(OneStep(models, conditions, draft, plan), kinds_of_steps(draft)),
    }, models
