"""Score guidance: the gradient of the energies, foreground inside the target mask."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mf_backend.models.running.tape import TapeRunner
from mf_backend.sampler.conditions import Masks
from mf_backend.sampler.guidance.energies import loss_gradients
from mf_backend.sampler.memory import MemoryPlan

FEATURES = (1, 2)
"""The up blocks whose outputs the guidance compares."""

_STEP = 4e-2
_ENERGY_UNIT = 1000.0


@dataclass(frozen=True)
class Guidance:
    """`value` g [frames, 4, h, w], what it is made of, and the energies before scaling."""

    value: Tensor
    foreground_gradient: Tensor
    background_gradient: Tensor
    foreground: Tensor
    background: Tensor


def guide(
    tape: TapeRunner,
    latents: Tensor,
    edit: dict[int, Tensor],
    reference: dict[int, Tensor],
    masks: Masks,
    plan: MemoryPlan,
    *,
    energy_scale: float,
    skip_empty: bool,
) -> Guidance:
    """The guidance at `latents`, which went into `tape` first and gave the features `edit`.

        g = 0.04 (T_h d(E fg)/dx + (1 - T_h) d(E bg)/dx),   E = 1000 energy_scale

    with T_h the target mask at latent size. The energies' own graph is gone before the gradients
    go through the network, whose layers then see both gradients at once.
    """
    losses = loss_gradients(
        [edit[k] for k in FEATURES],
        [reference[k] for k in FEATURES],
        masks,
        scale=energy_scale * _ENERGY_UNIT,
        skip_empty=skip_empty,
        frames_at_once=plan.frames,
    )
    edit.clear()
    foreground, background = (gradient.float() for gradient in tape.backward(losses.seeds, latents))
    _, target = masks.at(*latents.shape[2:])
    value = _STEP * (target * foreground + (1 - target) * background)
    return Guidance(value, foreground, background, losses.foreground, losses.background)
