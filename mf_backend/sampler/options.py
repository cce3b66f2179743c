"""What the sampler computes: settings, and each repair of the released behaviour as an option."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mf_backend.contracts.errors import InputError


class Solver(Enum):
    """How a step follows from the prediction."""

    DDIM = "ddim"
    DPM_SOLVER_2M = "dpm-solver++ 2m"
    UNIPC = "unipc"


@dataclass(frozen=True)
class SamplerOptions:
    """Settings of one run; make one with `released` or `default`.

    steps, cfg: denoising steps and strength of classifier-free guidance.
    energy_scale: strength of the score guidance; 0 turns guidance and replays off.
    moving_camera: inject the reconstruction's keys and values into the edit's self-attention.
    seed: of the noise.
    solver: DDIM as released, or a multistep one that needs fewer steps (`noise/solvers.py`).
    replaying: do the steps in the middle three times, as released.

    Repairs (False is the released behaviour):
    skip_empty_regions: a frame whose mask region is empty drops out of that region's mean,
        instead of turning the whole video into NaN.
    denoiser_features: guidance features come from the denoiser, not from a second network.
    remove_masked_keys: masked keys leave the softmax, instead of keeping a share of it as zeros.
    phases_as_fractions: phases of the schedule scale with the number of steps, instead of being
        step numbers of a 50-step schedule.
    any_size: pictures are padded to a multiple of 64 and the result is cropped back.
    windows: clips longer than `window_frames` are denoised in overlapping windows.

    window_frames, window_overlap: only with `windows`.
    whole_reconstruction: go on with the reconstruction when nothing needs it any more. It
        changes nothing in the edit.
    discarded_renoising: compute the last replay's re-noising, whose result nothing uses.
    """

    steps: int = 50
    cfg: float = 7.0
    energy_scale: float = 4.0
    moving_camera: bool = False
    seed: int = 42
    solver: Solver = Solver.DDIM
    replaying: bool = True
    skip_empty_regions: bool = True
    denoiser_features: bool = True
    remove_masked_keys: bool = True
    phases_as_fractions: bool = True
    any_size: bool = True
    windows: bool = True
    window_frames: int = 24
    window_overlap: int = 8
    whole_reconstruction: bool = False
    discarded_renoising: bool = False
    start_strength: float = 1.0
    """How much noise `state.started_state` puts on the pictures that the edit starts from, as a
    share of the steps that are left to do; 1 starts from noise alone, as released."""

    @property
    def first_step(self) -> int:
        """The step that a start from pictures begins with."""
        return self.steps - max(1, round(self.start_strength * self.steps))

    def __post_init__(self) -> None:
        if self.steps < 1 or self.steps > 1000:
            raise InputError("steps", f"Steps must be from 1 to 1000, not {self.steps}.")
        if not math.isfinite(self.cfg) or self.cfg < 1:
            raise InputError("cfg", f"The guidance strength cfg must be 1 or more, not {self.cfg}.")
        if not math.isfinite(self.energy_scale) or self.energy_scale < 0:
            raise InputError(
                "energy-scale", f"The score guidance must be 0 or more, not {self.energy_scale}."
            )
        if not 0 < self.start_strength <= 1:
            raise InputError(
                "start-strength",
                f"The strength of a start from pictures must be above 0 and at most 1, not "
                f"{self.start_strength}.",
            )
        if self.window_frames < 1 or not 0 <= self.window_overlap < self.window_frames:
            raise InputError(
                "windows",
                f"A window of {self.window_frames} frames cannot overlap by {self.window_overlap}.",
                "Choose an overlap smaller than the window.",
            )

    @staticmethod
    def default(**changes: Any) -> SamplerOptions:
        """All repairs on."""
        return SamplerOptions(**changes)

    @staticmethod
    def draft(**changes: Any) -> SamplerOptions:
        """All repairs on, at about a ninth of the released work (see `units.list_units`).

        8 steps of a multistep solver, 4 of them guided, none replayed. (8 divides the 1000
        training steps, so that a DDIM step ends exactly where the next one starts.)
        """
        quick: dict[str, Any] = {"steps": 8, "solver": Solver.DPM_SOLVER_2M, "replaying": False}
        return SamplerOptions(**{**quick, **changes})

    @staticmethod
    def released(**changes: Any) -> SamplerOptions:
        """The released behaviour: no repair."""
        without: dict[str, Any] = {
            "skip_empty_regions": False,
            "denoiser_features": False,
            "remove_masked_keys": False,
            "phases_as_fractions": False,
            "any_size": False,
            "windows": False,
        }
        return SamplerOptions(**{**without, **changes})


@dataclass(frozen=True)
class Phases:
    """Which of the sampler's mechanisms act at step i (spec: indices of a 50-step schedule).

    As fractions, index c of 50 becomes the moment i / steps = c / 50.
    """

    options: SamplerOptions

    def _cmp(self, i: int, index_of_fifty: int) -> int:
        """Negative, 0, positive as step i lies before, at, after that index."""
        if self.options.phases_as_fractions:
            return i * 50 - index_of_fifty * self.options.steps
        return i - index_of_fifty

    def guided(self, i: int) -> bool:
        """Score guidance: until index 30, every step before index 10 and every second after."""
        if self.options.energy_scale == 0 or self._cmp(i, 30) >= 0:
            return False
        return i % 2 == 0 or self._cmp(i, 10) < 0

    def replays(self, i: int) -> int:
        """How often step i is done: 3 times every second step strictly between 20 and 30."""
        if not self.options.replaying or self.options.energy_scale == 0 or i % 2:
            return 1
        return 3 if self._cmp(i, 20) > 0 and self._cmp(i, 30) < 0 else 1

    def noisy(self, i: int) -> bool:
        """Noise inside the target mask: strictly between index 10 and 20."""
        return self._cmp(i, 10) > 0 and self._cmp(i, 20) < 0

    def injecting(self, i: int) -> bool:
        """Attention injection: from index 20 on, for moving cameras."""
        return self.options.moving_camera and self._cmp(i, 20) >= 0

    def reconstructing(self, i: int) -> bool:
        """Whether step i or a later one still needs the reconstruction."""
        if self.options.whole_reconstruction:
            return True
        return any(self.guided(j) or self.injecting(j) for j in range(i, self.options.steps))
