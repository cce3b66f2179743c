"""Finding the memory presets' coefficients by counting the full-size model on the meta device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from mf_backend.engines.motionfollower.memory.prediction import predict_peak
from mf_backend.engines.motionfollower.memory.presets import PRESETS, unet_bytes
from mf_backend.models.config import full_config
from mf_backend.sampler.options import SamplerOptions

_POINTS = ((24, 512), (12, 512), (24, 384))
"""Frames and side of what is counted."""


def fit_presets(say: Callable[[str], None]) -> dict[str, dict[str, float]]:
    """Coefficients of `presets.expected_peak` for every preset; takes minutes."""
    table: dict[str, dict[str, float]] = {}
    by_plan = {preset.plan: preset.name for preset in PRESETS}
    config, dtype = full_config(), torch.float16
    weights = unet_bytes(config, dtype)
    for plan, name in by_plan.items():

        def count(frames: int, side: int, camera: bool, plan=plan) -> int:  # type: ignore[no-untyped-def]
            options = SamplerOptions.default(moving_camera=camera)
            return (
                predict_peak(config, options, plan, frames=frames, size=(side, side), dtype=dtype)
                - weights
            )

        counts = [count(frames, side, False) for frames, side in _POINTS]
        rows = [[frames * side**2, side**2, frames] for frames, side in _POINTS]
        solution = np.linalg.solve(np.array(rows, float), np.array(counts, float))
        camera = count(*_POINTS[0], True) / counts[0]
        table[name] = {
            "frame_pixel": float(solution[0]),
            "pixel": float(solution[1]),
            "frame": float(solution[2]),
            "camera": float(camera),
        }
        say(f"{name}: {(counts[0] + weights) / 2**30:.2f} GiB, {table[name]}")
    for preset in PRESETS:
        table.setdefault(preset.name, table[by_plan[preset.plan]])
    return {preset.name: table[preset.name] for preset in PRESETS}
