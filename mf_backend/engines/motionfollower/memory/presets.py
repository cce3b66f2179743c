"""Memory presets: how the work is cut for a card, and what it takes at its peak.

The predicted peak is weights + frames x pixels x a + pixels x b + frames x c, with coefficients
for each preset that `bench memory --fit` finds by counting live tensors of the full-size model on
the meta device (presets.json). Other widths scale them by their first width.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch

from mf_backend.contracts.errors import MemoryShortError
from mf_backend.contracts.machine.devices import Device
from mf_backend.contracts.request import MEMORY_NAMES
from mf_backend.engines.motionfollower.options import check_memory
from mf_backend.models.config import ModelConfig
from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import SamplerOptions

GIB = 2**30
NAMES = MEMORY_NAMES
_FULL_WIDTH = 320
_UNET_VALUES = 1_313_938_564
"""Of one UNet without its appearance adapter, which is not on the device then."""
_SLACK = 1.08
"""Allocator slack and kernels' workspaces on top of live tensors."""


@dataclass(frozen=True)
class Preset:
    """One way of cutting the work. `limit` is what it may take, `peak` what this job will."""

    name: str
    plan: MemoryPlan
    limit: int
    peak: int = 0


PRESETS: tuple[Preset, ...] = (
    Preset("6", MemoryPlan(frames=1, pixels=256, coarse=True), int(5.5 * GIB)),
    Preset("8", MemoryPlan(frames=4, pixels=1024), int(7.3 * GIB)),
    Preset("12", MemoryPlan(), int(11 * GIB)),
    Preset("24", MemoryPlan(kept=1 / 4), int(22.5 * GIB)),
    Preset("48", MemoryPlan(kept=1), int(45 * GIB)),
)
"""From small to large; the limits leave room for the driver and the desktop on such a card."""


def plan_of(name: str) -> MemoryPlan:
    """How a preset cuts the work. Raises KeyError for an unknown name."""
    return {preset.name: preset.plan for preset in PRESETS}[name]


@cache
def _table() -> dict[str, Any]:
    path = Path(__file__).with_name("presets.json")
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def unet_bytes(config: ModelConfig, dtype: torch.dtype) -> int:
    """Bytes of one UNet's weights, from the full size by the square of the widths' ratio."""
    ratio = config.unet.block_out_channels[0] / _FULL_WIDTH
    return int(_UNET_VALUES * ratio**2 * dtype.itemsize)


def expected_peak(
    name: str,
    config: ModelConfig,
    options: SamplerOptions,
    *,
    frames: int,
    size: tuple[int, int],
    dtype: torch.dtype,
) -> int:
    """Bytes of live tensors at the peak; `size` (width, height) in pixels."""
    table = _table()[name]
    pixels = -(-size[0] // 64) * 64 * -(-size[1] // 64) * 64
    activations = (
        table["frame_pixel"] * frames * pixels + table["pixel"] * pixels + table["frame"] * frames
    )
    if options.moving_camera:
        activations *= table["camera"]
    scale = config.unet.block_out_channels[0] / _FULL_WIDTH * dtype.itemsize / 2
    networks = 2 if not options.denoiser_features and options.energy_scale > 0 else 1
    return int(activations * scale) + networks * unet_bytes(config, dtype)


def free_bytes(device: torch.device) -> int | None:
    """What is free on the device now; None where that cannot be told."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.virtual_memory().available)


def judge_presets(
    config: ModelConfig,
    options: SamplerOptions,
    *,
    frames: int,
    size: tuple[int, int],
    dtype: torch.dtype,
) -> list[Preset]:
    """All presets from small to large, each with the peak that this job would have with it."""

    def peak(preset: Preset) -> int:
        live = expected_peak(preset.name, config, options, frames=frames, size=size, dtype=dtype)
        return int(live * _SLACK)

    return [dataclasses.replace(preset, peak=peak(preset)) for preset in PRESETS]


def choose_preset(
    wanted: str,
    device: Device,
    config: ModelConfig,
    options: SamplerOptions,
    *,
    frames: int,
    size: tuple[int, int],
    free: int | None = None,
) -> Preset:
    """The preset that is asked for, or with auto the largest that fits what is free now.

    Raises InputError for an unknown name and MemoryShortError, saying what would fit, where the
    job's predicted peak is more than the preset or the device allows.
    """
    check_memory(wanted)
    if free is None:
        free = free_bytes(device.device)
    judged = partial(judge_presets, config, frames=frames, size=size, dtype=device.dtype)
    presets = judged(options)
    lighter = {name: judged(changed)[0] for name, changed in _lighter_options(options).items()}
    if wanted != "auto":
        chosen = next(preset for preset in presets if preset.name == wanted)
        # On the processor there is no card: a preset cuts the work but sets no limit.
        limit = chosen.limit if device.device.type == "cuda" else chosen.peak
        if chosen.peak <= min(limit, free or chosen.peak):
            return chosen
        raise _too_large(chosen, presets, free, limit, lighter)
    for preset in reversed(presets):
        if free is None or preset.peak <= free:
            return preset
    raise _too_large(presets[0], presets, free, presets[0].peak, lighter)


def _lighter_options(options: SamplerOptions) -> dict[str, SamplerOptions]:
    """What takes less memory than these options, in words."""
    found = {}
    if options.moving_camera:
        found["without the moving camera"] = dataclasses.replace(options, moving_camera=False)
    if not options.denoiser_features:
        one_network = dataclasses.replace(options, denoiser_features=True)
        found["the default sampler"] = one_network
        if options.moving_camera:
            found["the default sampler without the moving camera"] = dataclasses.replace(
                one_network, moving_camera=False
            )
    return found


def _too_large(
    chosen: Preset,
    presets: list[Preset],
    free: int | None,
    limit: int,
    lighter: dict[str, Preset],
) -> MemoryShortError:
    allowed = min(limit, free or limit)
    fitting = [p for p in presets if p.name in NAMES and p.peak <= min(allowed, p.limit)]
    room = free or limit
    helps = [
        f"{name} it takes {p.peak / GIB:.1f} GiB"
        for name, p in lighter.items()
        if p.peak <= min(room, p.limit)
    ]
    if fitting:
        hint = (
            f"Choose the smaller preset {fitting[-1].name} (--memory {fitting[-1].name}), "
            f"which takes {fitting[-1].peak / GIB:.1f} GiB."
        )
    elif helps:
        hint = f"It fits with --memory {presets[0].name} and {', or '.join(helps)}."
    else:
        hint = (
            f"The smallest preset takes {presets[0].peak / GIB:.1f} GiB; close other programs "
            "that use the device, or choose the device cpu."
        )
    return MemoryShortError(
        "memory-short",
        f"The job would take {chosen.peak / GIB:.1f} GiB with the memory preset {chosen.name}, but "
        f"{allowed / GIB:.1f} GiB are there for it.",
        hint,
    )


def smaller_preset(preset: Preset) -> Preset | None:
    """The next smaller one that cuts the work finer; None where there is none."""
    smaller = [x for x in PRESETS if x.limit < preset.limit and x.plan != preset.plan]
    return smaller[-1] if smaller else None
