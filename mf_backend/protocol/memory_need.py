"""What an engine will take of the memory, told before a job is handed over."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import TYPE_CHECKING, Any

from mf_backend.contracts import resources
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import Quality, Sampler, Settings

if TYPE_CHECKING:
    from mf_backend.engines.motionfollower.memory.presets import Preset

_TAKEN = ("steps", "cfg", "guidance", "moving_camera", "memory", "device", "weights")
_PREVIEW_BYTES = 595_000_000
"""The process with the estimators of joints and masks: the demo's report, 512x512, peaks at 621 MB,
less what that size takes."""
_PREVIEW_PIXEL_BYTES = 102
"""A pixel of the clip: jobs of 8 frames with masks and joints given peak at 130.5 MB at 512x512 and
at 315.8 MB at 1920x1080, both from `peak_memory` of their reports on Linux."""


def memory_need(params: dict[str, Any]) -> dict[str, Any]:
    """The answer to `memory/need`, also where there is too little. Raises InputError for wrong
    input."""
    size, count = (params.get("width"), params.get("height")), params.get("count")
    for value in (*size, count):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError("usage", "memory/need takes width, height and count above zero.")
    settings = _settings(params)
    if settings.engine == "preview":
        needed = _PREVIEW_BYTES + _PREVIEW_PIXEL_BYTES * params["width"] * params["height"]
        free = resources.memory()["free_bytes"]
        fits = free is None or needed <= free
        return {
            **{"needed_bytes": needed, "free_bytes": free, "device": "cpu", "preset": ""},
            **{"fits": fits, "fitting_preset": "", "fitting_bytes": None, "camera_helps": False},
        }
    if settings.engine != "motionfollower":
        raise InputError("engine-unknown", f"There is no engine named {settings.engine!r}.")
    return _diffusion(settings, (params["width"], params["height"]), params["count"])


def _settings(params: dict[str, Any]) -> Settings:
    given = params.get("settings") or {}
    if not isinstance(given, dict):
        raise InputError("usage", "memory/need takes settings as an object.")
    try:
        return Settings(
            engine=str(params.get("engine")),
            quality=Quality(given.get("quality", Quality.FINAL)),
            sampler=Sampler(given.get("sampler", Sampler.DEFAULT)),
            **{name: given[name] for name in _TAKEN if name in given},
        )
    except ValueError as error:
        raise InputError("usage", f"memory/need: {error}.") from None


def _diffusion(settings: Settings, size: tuple[int, int], count: int) -> dict[str, Any]:
    # Only these need torch, which a handshake can do without.
    from mf_backend.contracts.devices import choose_device
    from mf_backend.engines.motionfollower.memory.presets import NAMES, free_bytes, judge_presets
    from mf_backend.engines.motionfollower.options import check_memory, sampler_options
    from mf_backend.engines.motionfollower.run import WINDOW_AREA
    from mf_backend.models.config import full_config
    from mf_backend.sampler.windows import plan_windows
    from mf_backend.weights.folder import weights_folder
    from mf_backend.weights.loading import load_config
    from mf_backend.weights.weight_set import lacking

    check_memory(settings.memory)
    folder = weights_folder(settings.weights)
    released = settings.sampler is Sampler.RELEASED
    config = full_config() if lacking(folder, released=released) else load_config(folder)
    options, device = sampler_options(settings), choose_device(settings.device)
    frames = plan_windows(count, options, config.motion.max_frames)[0]
    # The engine looks at a window around the actor, which is known only after conditioning.
    width, height = size
    scale = min(1.0, (WINDOW_AREA / (width * height)) ** 0.5)
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
    return {
        "needed_bytes": chosen.peak,
        "free_bytes": free,
        "device": str(device.device),
        "preset": chosen.name,
        "fits": fits(chosen),
        "fitting_preset": offered[-1].name if offered else "",
        "fitting_bytes": offered[-1].peak if offered else None,
        "camera_helps": options.moving_camera and not offered and fits(still[0]),
    }
