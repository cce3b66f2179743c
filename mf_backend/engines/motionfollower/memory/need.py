"""What a job would take, told before it is handed over."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

from mf_backend.contracts.machine.devices import choose_device
from mf_backend.contracts.request import Sampler, Settings
from mf_backend.engines.base import MemoryNeed
from mf_backend.engines.motionfollower.memory.presets import (
    NAMES,
    Preset,
    free_bytes,
    judge_presets,
)
from mf_backend.engines.motionfollower.options import check_memory, sampler_options
from mf_backend.models.config import full_config
from mf_backend.sampler.windows import plan_windows
from mf_backend.weights.loading import load_config
from mf_backend.weights.weight_set import lacking


def memory_need(settings: Settings, folder: Path, size: tuple[int, int], count: int) -> MemoryNeed:
    """What `count` frames of `size` (width, height) would take with the weights in `folder`.

    Raises InputError for settings that make no sense and MissingComponentError for a device that
    is not here.
    """
    check_memory(settings.memory)
    released = settings.sampler is Sampler.RELEASED
    config = full_config() if lacking(folder, released=released) else load_config(folder)
    options, device = sampler_options(settings, config), choose_device(settings.device)
    frames = plan_windows(count, options, config.motion.max_frames)[0]
    # The engine looks at a window around the actor, which is known only after conditioning.
    width, height = size
    scale = min(1.0, config.picture_side / (width * height) ** 0.5)
    free = free_bytes(device.device)
    judged = partial(
        judge_presets,
        config,
        frames=frames.stop - frames.start,
        size=(round(width * scale), round(height * scale)),
        dtype=device.dtype,
    )

    def fits(preset: Preset) -> bool:
        # On the processor there is no card: a preset cuts the work but sets no limit.
        within = device.device.type != "cuda" or preset.peak <= preset.limit
        return within and (free is None or preset.peak <= free)

    presets = judged(options)
    fitting = [item for item in presets if fits(item)]
    if settings.memory == "auto":
        chosen = fitting[-1] if fitting else presets[0]
    else:
        chosen = next(item for item in presets if item.name == settings.memory)
    # What the panel's Memory offers; the largest one is only chosen by auto.
    offered = [item for item in fitting if item.name in NAMES]
    still = judged(dataclasses.replace(options, moving_camera=False))
    return MemoryNeed(
        needed_bytes=chosen.peak,
        free_bytes=free,
        device=str(device.device),
        fits=fits(chosen),
        preset=chosen.name,
        fitting_preset=offered[-1].name if offered else "",
        fitting_bytes=offered[-1].peak if offered else None,
        camera_helps=options.moving_camera and not offered and fits(still[0]),
    )
