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
from mf_backend.sampler.memory import MemoryPlan, park

BASELINE, DEFAULT, RELEASED = "baseline", "default", "released"


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


def measure_speed(
    settings: BenchSettings,
    plan: MemoryPlan,
    repeats: int,
    say: Callable[[str], None],
    clock: str = "wall",
) -> dict[str, Any]:
    """Median seconds of each kind of step for all sides, and the time of a whole run from them.

    The sides take turns at each step, so that a machine that slows down slows all of them. One
    step of each side comes first and is not counted.
    """
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
        "ratio": {side: run[side] / run[BASELINE] for side in (DEFAULT, RELEASED)},
        "seconds": {
            side: {kind.value: times for kind, times in by_kind.items()}
            for side, by_kind in seconds.items()
        },
    }
