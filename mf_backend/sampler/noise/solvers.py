"""Multistep solvers, as what they add to a DDIM step.

In terms of predictions of x0 the first-order part of both solvers is DDIM's step. All that they
add is linear in how the prediction changed, d1 = x0_i - x0_(i-1) and d2 = x0_(i-1) - x0_(i-2), so
that it goes on top of a step whose x0 is guided or whose noise is partly fresh.

With lambda = log(sqrt(a) / sqrt(1 - a)), h the step in lambda and r the one before over h:

DPM-Solver++ 2M (Lu et al., arXiv 2211.01095, algorithm 2):

    sqrt(a_next) (1 - exp(-h)) / (2 r) d1

UniPC of order 2 with B(h) = exp(h) - 1 (Zhao et al., arXiv 2302.04867): the same as its predictor.
Its corrector moves the latents where the prediction was made, once that is known; a DDIM step from
there moves with them by sqrt(1 - a_next) / sqrt(1 - a).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from mf_backend.sampler.noise.schedule import Schedule
from mf_backend.sampler.options import Solver


@dataclass(frozen=True)
class Weights:
    """Of d1 and d2 in what is added to a step."""

    d1: float = 0.0
    d2: float = 0.0


def weights(solver: Solver, schedule: Schedule, i: int, known: int, *, corrects: bool) -> Weights:
    """What `solver` adds to DDIM's step i, where `known` predictions came before this one.

    `corrects` is whether the latents of step i are what the step before led to; a replay's have
    been corrected already. The last step is of first order, and the one after a start is.
    """
    if solver is Solver.DDIM or known == 0:
        return Weights()
    d1 = _predictor(schedule, i)
    if solver is Solver.DPM_SOLVER_2M or not corrects:
        return Weights(d1)
    moved = _corrector(schedule, i, known)
    here, after = (
        1 - schedule.alpha(t)
        for t in (schedule.timesteps[i], schedule.previous(schedule.timesteps[i]))
    )
    carried = math.sqrt(after / here)
    return Weights(d1 + carried * moved.d1, carried * moved.d2)


def _predictor(schedule: Schedule, i: int) -> float:
    """0 where the step before or this one is infinite in lambda, as with no signal or no noise."""
    t = schedule.timesteps[i]
    after = schedule.previous(t)
    h = schedule.log_snr(after) - schedule.log_snr(t)
    before = schedule.log_snr(t) - schedule.log_snr(schedule.timesteps[i - 1])
    if math.isinf(h) or math.isinf(before):
        return 0.0
    return math.sqrt(schedule.alpha(after)) * -math.expm1(-h) / (2 * before / h)


def _corrector(schedule: Schedule, i: int, known: int) -> Weights:
    """How far the latents of step i are moved, of order 2 where two predictions came before."""
    t = schedule.timesteps[i]
    h = schedule.log_snr(t) - schedule.log_snr(schedule.timesteps[i - 1])
    size = math.sqrt(schedule.alpha(t)) * -math.expm1(-h)
    if known == 1 or math.isinf(h):
        return Weights(size / 2)
    # Of the functions phi: the paper's two conditions on the two weights, solved.
    first = -math.expm1(-h) / h
    second = (1 - first) / -math.expm1(-h)
    third = 2 * (0.5 - (1 - first) / h) / -math.expm1(-h)
    before = schedule.log_snr(schedule.timesteps[i - 1]) - schedule.log_snr(
        schedule.timesteps[i - 2]
    )
    r = before / h
    if math.isinf(r):
        return Weights(size * second)
    back = (second - third) / (1 + r)
    return Weights(size * (second - back), size * (back - 0.5) / r)
