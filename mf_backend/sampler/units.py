"""The units of work of a run in order, and how much each is expected to cost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import Phases, SamplerOptions

# Shares of a whole forward pass (counted at full size, 512x512): up to the last feature that the
# guidance needs, the part of it behind what passes with and without injection share, and the
# layers before the first cross-attention, which both halves share.
_TO_FEATURES = 0.77
_BEHIND_BOTTOM = 0.39
_TRUNK = 0.04
# Of the part up to that feature, by the layers' share of the latents' pixels.
_BY_PIXELS = {1: 0.17, 1 / 4: 0.38, 1 / 16: 0.36, 1 / 64: 0.09}


class Stage(Enum):
    """What a unit does."""

    DENOISE = "denoise"
    RENOISE = "renoise"


@dataclass(frozen=True)
class Unit:
    """One window in one replay of one step. `last_window` and `last` (of the step) end sums.

    `cost` is in forward passes through the whole UNet.
    """

    step: int
    replay: int
    stage: Stage
    window: int
    last_window: bool
    last: bool
    cost: float


def list_units(options: SamplerOptions, windows: int, plan: MemoryPlan) -> list[Unit]:
    """All units of a run; a state's position is an index into this list."""
    phases = Phases(options)
    units: list[Unit] = []
    for step in range(options.steps):
        replays = phases.replays(step)
        for replay in range(replays):
            stages = [Stage.DENOISE]
            final = replay == replays - 1
            if replays > 1 and (not final or options.discarded_renoising):
                stages.append(Stage.RENOISE)
            for stage in stages:
                cost = _cost(options, phases, plan, step, replay, stage, windows)
                units += [
                    Unit(
                        step,
                        replay,
                        stage,
                        window,
                        window == windows - 1,
                        window == windows - 1 and final and stage is stages[-1],
                        cost,
                    )
                    for window in range(windows)
                ]
    return units


def first_position(options: SamplerOptions, windows: int) -> int:
    """The position of a run that has done nothing: past the steps that its start leaves out."""
    units = list_units(options, windows, MemoryPlan())
    return next(i for i, unit in enumerate(units) if unit.step == options.first_step)


def _cost(
    options: SamplerOptions,
    phases: Phases,
    plan: MemoryPlan,
    step: int,
    replay: int,
    stage: Stage,
    windows: int,
) -> float:
    if stage is Stage.RENOISE:
        return 1.0
    guided, injecting = phases.guided(step), phases.injecting(step)
    cost = 1.0 if options.cfg == 1 else 2.0 - _TRUNK
    needed = guided or injecting
    # Only a single window's reconstruction can be kept for the replays.
    if phases.reconstructing(step) if replay == 0 else needed and windows > 1:
        cost += 1.0
    if guided:
        # Two gradients, and the recomputed forward pass that they share.
        recomputed = sum(share for pixels, share in _BY_PIXELS.items() if pixels > plan.kept)
        recomputed *= 2 if plan.coarse else 1
        cost += _TO_FEATURES * (2 + recomputed)
        if not options.denoiser_features:
            cost += _TO_FEATURES * (2 if replay == 0 or windows > 1 else 1)
        elif injecting:
            cost += _BEHIND_BOTTOM
    return cost


@dataclass(frozen=True)
class Progress:
    """`step` of `steps` whole steps are finished; `done` is the share of the expected work."""

    step: int
    steps: int
    done: float
