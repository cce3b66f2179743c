"""Time of a step against the plain port's, kind by kind, taken in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from mf_backend.bench.baseline import make_baseline
from mf_backend.bench.one_step import (
    Kind,
    OneStep,
    kinds_of_steps,
    make_conditions,
    make_models,
    same_steps,
)
from mf_backend.bench.settings import BenchSettings
from mf_backend.errors import MissingComponentError
from mf_backend.models.compiling import cannot_compile, compiled_layers
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.memory import MemoryPlan, park

BASELINE, DEFAULT, RELEASED, COMPILED = "baseline", "default", "released", "compiled"


CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""The processor's clock counts this process's own work: for machines that others use too."""


def _timed(step: Callable[[], None], device: torch.device, clock: Callable[[], float]) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    start = clock()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return clock() - start


def _compiled(models: ModelSet, step: Callable[[int], None]) -> Callable[[int], None]:
    """`step` with the models' layers compiled meanwhile."""

    def refuse(text: str) -> None:
        raise MissingComponentError("bench-compile", text)

    def compiled_step(index: int) -> None:
        with compiled_layers(models.denoisers(), warn=refuse):
            step(index)

    return compiled_step


def measure_speed(
    settings: BenchSettings,
    plan: MemoryPlan,
    repeats: int,
    say: Callable[[str], None],
    clock: str = "wall",
    compiled: bool = False,
) -> dict[str, Any]:
    """Median seconds of each kind of step for all sides, and the time of a whole run from them.

    With `compiled` the default sampler with compiled layers is one more side; `compile_seconds`
    is what its first step of each kind took in all. Raises MissingComponentError where nothing
    can be compiled.

    The sides take turns at each step, so that a machine that slows down slows all of them. One
    step of each side comes first and is not counted.
    """
    if compiled and (reason := cannot_compile(settings.device)):
        raise MissingComponentError(
            "bench-compile", f"The layers cannot be compiled, because {reason}."
        )
    models = make_models(settings, estimator=True)
    conditions = make_conditions(settings, models)
    options = same_steps(settings, released=False)
    released = same_steps(settings, released=True)
    baseline = make_baseline(settings, models, conditions, options)
    park(models)
    sides: dict[str, Callable[[int], None]] = {
        BASELINE: baseline.step,
        DEFAULT: OneStep(models, conditions, options, plan),
        RELEASED: OneStep(models, conditions, released, plan),
    }
    kinds = kinds_of_steps(options)
    compile_seconds = 0.0
    if compiled:
        sides[COMPILED] = _compiled(models, sides[DEFAULT])
        for kind, steps in kinds.items():
            once = partial(sides[COMPILED], steps[0])
            compile_seconds += _timed(once, settings.device, CLOCKS["wall"])
            say(f"{kind}: compiled")
    seconds: dict[str, dict[Kind, list[float]]] = {
        side: {kind: [] for kind in kinds} for side in sides
    }
    for step in sides.values():
        step(kinds[Kind.PLAIN][0] if Kind.PLAIN in kinds else 0)
    for kind, steps in kinds.items():
        for k in range(repeats):
            index = steps[k % len(steps)]
            for side, step in sides.items():
                once = partial(step, index)
                seconds[side][kind].append(_timed(once, settings.device, CLOCKS[clock]))
        say(
            f"{kind}: "
            + ", ".join(f"{side} {statistics.median(seconds[side][kind]):.3f} s" for side in sides)
        )
    median = {
        side: {kind.value: statistics.median(times) for kind, times in by_kind.items()}
        for side, by_kind in seconds.items()
    }
    run = {
        side: sum(median[side][kind.value] * len(steps) for kind, steps in kinds.items())
        for side in sides
    }
    return {
        "setting": settings.facts(),
        "clock": clock,
        "threads": torch.get_num_threads(),
        "steps_of_kind": {kind.value: len(steps) for kind, steps in kinds.items()},
        "repeats": repeats,
        "median_seconds": median,
        "run_seconds": run,
        "ratio": {side: run[side] / run[BASELINE] for side in sides if side != BASELINE},
        **({"compile_seconds": compile_seconds} if compiled else {}),
        "seconds": {
            side: {kind.value: times for kind, times in by_kind.items()}
            for side, by_kind in seconds.items()
        },
    }
