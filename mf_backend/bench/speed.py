"""Time of a step against the plain port's, kind by kind, taken in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from mf_backend.bench.arithmetic import LEAST_EXACT, count_work, is_reference_run, matrix_rate
from mf_backend.bench.settings import BenchSettings
from mf_backend.bench.single_step import Kind
from mf_backend.bench.variants import BASELINE, DEFAULT, Side, make_sides
from mf_backend.contracts.errors import MissingComponentError
from mf_backend.models.compiling import cannot_compile, compiled_layers
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.memory import MemoryPlan

COMPILED = "compiled"


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

    The draft's run has its own few steps. `share_of_matrix_rate` is the counted arithmetic over
    the time and over what a large matrix product reaches on the device, by the same clock only
    with `clock` "wall".

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
    work = count_work(settings, plan, say)
    rate = matrix_rate(settings.device, settings.dtype)
    sides, models = make_sides(settings, plan)
    kinds = sides[BASELINE].kinds
    compile_seconds = 0.0
    if compiled:
        sides[COMPILED] = Side(_compiled(models, sides[DEFAULT].step), kinds)
        work["run_flop"][COMPILED] = work["run_flop"][DEFAULT]
        for kind, steps in kinds.items():
            once = partial(sides[COMPILED].step, steps[0])
            compile_seconds += _timed(once, settings.device, CLOCKS["wall"])
            say(f"{kind}: compiled")
    seconds: dict[str, dict[Kind, list[float]]] = {
        name: {kind: [] for kind in side.kinds} for name, side in sides.items()
    }
    for side in sides.values():
        side.step(next(iter(side.kinds.values()))[0])
    for kind in kinds:
        doing = {name: side for name, side in sides.items() if kind in side.kinds}
        for k in range(repeats):
            for name, side in doing.items():
                steps = side.kinds[kind]
                once = partial(side.step, steps[k % len(steps)])
                seconds[name][kind].append(_timed(once, settings.device, CLOCKS[clock]))
        say(
            f"{kind}: "
            + ", ".join(f"{name} {statistics.median(seconds[name][kind]):.3f} s" for name in doing)
        )
    medians = {
        name: {kind: statistics.median(times) for kind, times in by_kind.items()}
        for name, by_kind in seconds.items()
    }
    run = {name: side.whole_run(medians[name]) for name, side in sides.items()}
    median = {
        name: {kind.value: value for kind, value in by_kind.items()}
        for name, by_kind in medians.items()
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
        **work,
        "matrix_flop_per_second": rate,
        "share_of_matrix_rate": {
            side: work["run_flop"][side] / (run[side] * rate) for side in sides
        },
        **(
            {"least_exact_share": {side: LEAST_EXACT / (run[side] * rate) for side in sides}}
            if is_reference_run(settings)
            else {}
        ),
        **({"compile_seconds": compile_seconds} if compiled else {}),
        "seconds": {
            side: {kind.value: times for kind, times in by_kind.items()}
            for side, by_kind in seconds.items()
        },
    }
