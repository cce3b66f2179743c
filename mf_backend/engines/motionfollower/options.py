"""From a job's settings to the sampler's options, and which memory preset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import MEMORY_NAMES, Quality, Sampler, Settings, Solver

if TYPE_CHECKING:
    from mf_backend.models.config import ModelConfig
    from mf_backend.sampler.options import SamplerOptions

_STEPS = 50
_RELEASED_DRAFT_STEPS = 25
"""The shortest released schedule that still has every phase."""


def sampler_options(settings: Settings, config: ModelConfig) -> SamplerOptions:
    """The sampler's options, where nobody says otherwise those that suit the weights.

    Raises InputError for steps or strengths that make no sense.
    """
    from mf_backend.sampler.options import SamplerOptions
    from mf_backend.sampler.options import Solver as Solving

    if settings.steps < 0:
        raise InputError("steps", f"Steps must be from 1 to 1000, not {settings.steps}.")
    chosen: dict[str, Any] = {
        "cfg": settings.cfg,
        "energy_scale": settings.guidance,
        "moving_camera": settings.moving_camera,
        "seed": settings.seed,
    }
    draft = settings.quality is Quality.DRAFT
    if settings.sampler is Sampler.RELEASED:
        steps = settings.steps or (_RELEASED_DRAFT_STEPS if draft else _STEPS)
        _check_released(settings)
        return SamplerOptions.released(steps=steps, **chosen)
    chosen["start_strength"] = settings.start_strength or config.start_strength
    if settings.steps:
        chosen["steps"] = settings.steps
    if settings.solver != Solver.AUTO:
        chosen["solver"] = {
            Solver.DDIM: Solving.DDIM,
            Solver.DPM: Solving.DPM_SOLVER_2M,
            Solver.UNIPC: Solving.UNIPC,
        }[settings.solver]
    return SamplerOptions.draft(**chosen) if draft else SamplerOptions.default(**chosen)


def _check_released(settings: Settings) -> None:
    """Raise InputError for what the released sampler does not have."""
    if settings.start_strength not in (0, 1):
        raise InputError(
            "start-strength",
            "The released sampler starts from noise alone.",
            "Leave the start strength out (0), or use the default sampler.",
        )
    if settings.solver not in (Solver.AUTO, Solver.DDIM):
        raise InputError(
            "solver",
            f"The released sampler knows no solver but ddim, not {settings.solver}.",
            "Leave the solver out (auto), or use the default sampler.",
        )


def check_memory(name: str) -> None:
    """Raise InputError for a memory preset that is none."""
    if name not in MEMORY_NAMES:
        raise InputError(
            "memory-unknown", f"There is no memory preset {name!r}; use {', '.join(MEMORY_NAMES)}."
        )
