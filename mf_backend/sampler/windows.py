"""Overlapping windows over a clip that is longer than the motion modules' reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mf_backend.contracts.errors import InputError
from mf_backend.sampler.options import SamplerOptions


@dataclass(frozen=True)
class Window:
    """Frames `start` to `stop` (excluded)."""

    start: int
    stop: int

    @property
    def frames(self) -> slice:
        """As a slice of the frame axis."""
        return slice(self.start, self.stop)


def plan_windows(frames: int, options: SamplerOptions, max_frames: int) -> list[Window]:
    """Windows that together cover all frames.

    One window where the clip fits the motion modules' position table (`max_frames`). Longer
    clips get windows of `options.window_frames`, spread evenly so that neighbours overlap by at
    least `options.window_overlap`. Raises InputError where windows are turned off.
    """
    if frames <= max_frames:
        return [Window(0, frames)]
    if not options.windows:
        raise InputError(
            "too-long",
            f"The released sampler takes at most {max_frames} frames, the clip has {frames}.",
            "Shorten the clip, or use the default sampler.",
        )
    length = min(options.window_frames, max_frames)
    overlap = min(options.window_overlap, length - 1)
    count = math.ceil((frames - overlap) / (length - overlap))
    starts = [round(k * (frames - length) / (count - 1)) for k in range(count)]
    return [Window(start, start + length) for start in starts]


def blend_weights(windows: Sequence[Window], frames: int) -> list[Tensor]:
    """For each window the weight of its result in each of its frames, float32 [length].

    A window weighs 1 in its middle and falls off towards ends that overlap a neighbour, as a
    raised cosine; the weights of all windows add up to 1 in every frame.
    """
    raw: list[Tensor] = []
    total = torch.zeros(frames, dtype=torch.float64)
    for k, window in enumerate(windows):
        weight = torch.ones(window.stop - window.start, dtype=torch.float64)
        if k > 0:
            ramp = _ramp(windows[k - 1].stop - window.start)
            weight[: len(ramp)] *= ramp
        if k + 1 < len(windows):
            ramp = _ramp(window.stop - windows[k + 1].start)
            weight[len(weight) - len(ramp) :] *= ramp.flip(0)
        raw.append(weight)
        total[window.frames] += weight
    return [
        (weight / total[window.frames]).float() for weight, window in zip(raw, windows, strict=True)
    ]


def _ramp(overlap: int) -> Tensor:
    position = (torch.arange(max(overlap, 0), dtype=torch.float64) + 0.5) / max(overlap, 1)
    return 0.5 - 0.5 * torch.cos(math.pi * position)
