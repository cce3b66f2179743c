"""What the parts of a render cost, so that the time left is honest from early on."""

from __future__ import annotations

from dataclasses import dataclass

from mf_backend.sampler.memory import MemoryPlan
from mf_backend.sampler.options import SamplerOptions
from mf_backend.sampler.units import list_units

# In forward passes of the UNet over one frame: 1.16 TFLOP at 512x512; CLIP, appearance and pose
# of a frame are 0.3 TFLOP, and the autoencoder's decoder 2.5 TFLOP.
_PREPARE = 0.25
_DECODE = 2.1
_SCALE = 10


@dataclass(frozen=True)
class RenderCosts:
    """Costs of what is still to do, in tenths of a frame's forward pass."""

    prepare: float
    denoise: float
    decode: float
    before: float
    """Share of the denoising that an earlier run has done, 0..1."""

    @property
    def total(self) -> int:
        """Everything still to do."""
        return max(1, round(self.prepare + self.denoise * (1 - self.before) + self.decode))

    def prepared(self, share: float) -> int:
        """Units done when `share` of the preparation is."""
        return round(self.prepare * share)

    def denoised(self, done: float) -> int:
        """Units done when `done` (0..1) of the whole denoising is."""
        return round(self.prepare + self.denoise * max(0.0, done - self.before))

    def decoded(self, share: float) -> int:
        """Units done when `share` of the frames is decoded."""
        return round(self.prepare + self.denoise * (1 - self.before) + self.decode * share)


def render_costs(
    options: SamplerOptions,
    plan: MemoryPlan,
    windows: int,
    window_frames: int,
    frames: int,
    to_decode: int,
    position: int,
) -> RenderCosts:
    """Costs of a render whose denoising stands at unit `position`."""
    units = [unit.cost for unit in list_units(options, windows, plan)]
    whole = sum(units)
    return RenderCosts(
        prepare=_SCALE * _PREPARE * frames,
        denoise=_SCALE * whole * window_frames,
        decode=_SCALE * _DECODE * to_decode,
        before=sum(units[:position]) / whole,
    )
