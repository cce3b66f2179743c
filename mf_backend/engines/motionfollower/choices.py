"""From a job's settings to the sampler's options, the device and the number format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mf_backend.errors import InputError, MissingComponentError
from mf_backend.jobs.request import Quality, Sampler, Settings

if TYPE_CHECKING:
    import torch

    from mf_backend.sampler.options import SamplerOptions

_STEPS = 50
_RELEASED_DRAFT_STEPS = 25
"""The shortest released schedule that still has every phase."""

MEMORY_NAMES = ("auto", "6", "8", "12", "24")
"""What `--memory` takes; a preset for cards beyond 24 GB is only chosen by auto."""


def sampler_options(settings: Settings) -> SamplerOptions:
    """The sampler's options. Raises InputError for steps or strengths that make no sense."""
    from mf_backend.sampler.options import SamplerOptions

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
        return SamplerOptions.released(steps=steps, **chosen)
    if settings.steps:
        chosen["steps"] = settings.steps
    return SamplerOptions.draft(**chosen) if draft else SamplerOptions.default(**chosen)


def check_memory(name: str) -> None:
    """Raise InputError for a memory preset that is none."""
    if name not in MEMORY_NAMES:
        raise InputError(
            "memory-unknown", f"There is no memory preset {name!r}; use {', '.join(MEMORY_NAMES)}."
        )


@dataclass(frozen=True)
class Device:
    """Where the networks run and in which number format."""

    device: torch.device
    dtype: torch.dtype


def choose_device(wanted: str) -> Device:
    """ "auto", "cpu", "mps", "cuda" or "cuda:N"; auto takes an accelerator where there is one.

    CUDA computes in float16 as the released code does, everything else in float32. Raises
    InputError for a name that is none and MissingComponentError for a device that is not here.
    """
    import torch

    name = wanted or "auto"
    if name == "auto":
        if torch.cuda.is_available():
            name = "cuda"
        else:
            name = "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "mps", "cuda"):
        raise InputError(
            "device-unknown", f"There is no device named {wanted!r}; use auto, cpu, mps or cuda."
        )
    here = {
        "cpu": True,
        "mps": torch.backends.mps.is_available(),
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
    }
    if not here[device.type]:
        raise MissingComponentError(
            "device-missing",
            f"The device {name} is not on this machine, or torch was installed without it.",
            "Choose the automatic device (auto), or see `python -m mf_backend doctor`.",
        )
    return Device(device, torch.float16 if device.type == "cuda" else torch.float32)
