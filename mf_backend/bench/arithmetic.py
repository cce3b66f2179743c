"""Arithmetic of a run, counted, and the rate at which a device can do it."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from mf_backend.bench.settings import BenchSettings, Model
from mf_backend.bench.variants import make_sides
from mf_backend.sampler.memory import MemoryPlan

LEAST_EXACT = 6.1e15
"""Operations of 24 frames at 512x512 in 50 guided steps, in the least exact work known: networks
shared, the guidance's forward pass being the conditional half, no unused re-noising."""
_SIDE = {"cuda": 8192, "mps": 4096}
_REPEATS = 7


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the operations inside the block by PyTorch's formulas.

    PyTorch's own FlopCounterMode also follows modules, with hooks that autograd.grad refuses.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        result = func(*args, **given)
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self.operations += formula(*args, **given, out_val=result)
        return result


def count_work(
    settings: BenchSettings, plan: MemoryPlan, say: Callable[[str], None]
) -> dict[str, Any]:
    """Operations (a multiplication and an addition are two) of each side's steps and whole run.

    Counted on the meta device through PyTorch's own counter: matrix products, convolutions and
    attention, forward and backward.
    """
    meta = dataclasses.replace(settings, device=torch.device("meta"))
    sides, _ = make_sides(meta, plan)
    of_kind: dict[str, dict[str, float]] = {}
    run: dict[str, float] = {}
    for name, side in sides.items():
        found = {}
        for kind, steps in side.kinds.items():
            with _Counter() as counter:
                side.step(steps[0])
            found[kind] = counter.operations
        of_kind[name] = {kind.value: value for kind, value in found.items()}
        run[name] = side.whole_run(found)
        say(f"{name}: {run[name] / 1e12:.4g} TFLOP a run")
    return {"flop_of_kind": of_kind, "run_flop": run}


def is_reference_run(settings: BenchSettings) -> bool:
    """Whether `LEAST_EXACT` is known for these settings."""
    return (
        settings.model is Model.FULL
        and (settings.frames, *settings.size, settings.steps) == (24, 512, 512, 50)
        and settings.cfg > 1
        and not settings.moving_camera
    )


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """Operations a second of a large square matrix product on random values, by the clock."""
    side = _SIDE.get(device.type, 1024)
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(_REPEATS + 1):
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        start = time.perf_counter()
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    # The first loads the kernel.
    return float(2 * side**3 / statistics.median(seconds[1:]))
