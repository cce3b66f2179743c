"""What the parts of a render cost, so that the time left is honest from early on."""

from __future__ import annotations

from dataclasses import dataclass

from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.units import first_position, list_units

# In forward passes of the UNet over one frame: 1.16 TFLOP at 512x512; CLIP, appearance and pose
# of a frame are 0.3 TFLOP, the autoencoder's decoder 2.5 TFLOP and its encoder 1.1 TFLOP.
_PREPARE = 0.25
_DECODE = 2.1
_ENCODE = 0.9
_SCALE = 10


@dataclass(frozen=True)
class RenderCosts:
    """Costs of what is still to do, in tenths of a frame's forward pass."""

    prepare: float
    start: float
    """Of the pictures that the denoising starts from; 0 where it starts from noise."""
    denoise: float
    decode: float
    before: float
    """Share of the denoising that an earlier run has done or that is left out, 0..1."""

    @property
    def total(self) -> int:
        """Everything still to do."""
        return max(1, round(self.ready + self.denoise * (1 - self.before) + self.decode))

    @property
    def ready(self) -> float:
        """Everything before the denoising."""
        return self.prepare + self.start

    def prepared(self, share: float) -> int:
        """Units done when `share` of the preparation is."""
        return round(self.prepare * share)

    def started(self, share: float) -> int:
        """Units done when `share` of the pictures to start from are encoded."""
        return round(self.prepare + self.start * share)

    def denoised(self, done: float) -> int:
        """Units done when `done` (0..1) of the whole denoising is."""
        return round(self.ready + self.denoise * max(0.0, done - self.before))

    def decoded(self, share: float) -> int:
        """Units done when `share` of the frames is decoded."""
        return round(self.ready + self.denoise * (1 - self.before) + self.decode * share)


def render_costs(
    options: SamplerOptions,
    plan: MemoryPlan,
    windows: int,
    window_frames: int,
    frames: int,
    to_decode: int,
    position: int | None,
) -> RenderCosts:
    """Costs of a render whose denoising stands at unit `position`; None: it has not begun."""
    units = [unit.cost for unit in list_units(options, windows, plan)]
    whole = sum(units)
    pictures = 2 * frames if position is None and options.first_step else 0
    if position is None:
        position = first_position(options, windows)
    return RenderCosts(
        prepare=_SCALE * _PREPARE * frames,
        start=_SCALE * _ENCODE * pictures,
        denoise=_SCALE * whole * window_frames,
        # Their detail is what encoding and decoding the pictures to start from takes.
        decode=_SCALE * (2 * _DECODE + _ENCODE if options.first_step else _DECODE) * to_decode,
        before=sum(units[:position]) / whole,
    )
