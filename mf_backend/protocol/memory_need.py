"""What an engine will take of the memory, told before a job is handed over."""

from __future__ import annotations

from typing import Any

from mf_backend.errors import InputError
from mf_backend.jobs import resources
from mf_backend.jobs.request import Quality, Sampler, Settings

_TAKEN = ("steps", "cfg", "guidance", "moving_camera", "memory", "device", "weights")
_PREVIEW_BYTES = 595_000_000
"""The process with the estimators of joints and masks: the demo's report, 512x512, peaks at 621 MB,
less what that size takes."""
_PREVIEW_PIXEL_BYTES = 102
"""A pixel of the clip: jobs of 8 frames with masks and joints given peak at 130.5 MB at 512x512 and
at 315.8 MB at 1920x1080, both from `peak_memory` of their reports on Linux."""


def memory_need(params: dict[str, Any]) -> dict[str, Any]:
    """The answer to `memory/need`. Raises InputError for wrong input and MemoryShortError, saying
    what would fit, where the device has too little."""
    size, count = (params.get("width"), params.get("height")), params.get("count")
    for value in (*size, count):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise InputError("usage", "memory/need takes width, height and count above zero.")
    settings = _settings(params)
    if settings.engine == "preview":
        needed = _PREVIEW_BYTES + _PREVIEW_PIXEL_BYTES * params["width"] * params["height"]
        free = resources.memory()["free_bytes"]
        return {"needed_bytes": needed, "free_bytes": free, "device": "cpu", "preset": ""}
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
    from mf_backend.engines.motionfollower.choices import choose_device, sampler_options
    from mf_backend.engines.motionfollower.presets import choose_preset, free_bytes
    from mf_backend.engines.motionfollower.run import WINDOW_AREA
    from mf_backend.models.config import full_config
    from mf_backend.sampler.windows import plan_windows
    from mf_backend.weights.folder import weights_folder
    from mf_backend.weights.loading import load_config
    from mf_backend.weights.weight_set import lacking

    folder = weights_folder(settings.weights)
    released = settings.sampler is Sampler.RELEASED
    config = full_config() if lacking(folder, released=released) else load_config(folder)
    options, device = sampler_options(settings), choose_device(settings.device)
    frames = plan_windows(count, options, config.motion.max_frames)[0]
    # The engine looks at a window around the actor, which is known only after conditioning.
    width, height = size
    scale = min(1.0, (WINDOW_AREA / (width * height)) ** 0.5)
    preset = choose_preset(
        settings.memory,
        device,
        config,
        options,
        frames=frames.stop - frames.start,
        size=(round(width * scale), round(height * scale)),
    )
    return {
        "needed_bytes": preset.peak,
        "free_bytes": free_bytes(device.device),
        "device": str(device.device),
        "preset": preset.name,
    }
