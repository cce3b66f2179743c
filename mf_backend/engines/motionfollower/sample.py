"""The diffusion engine with the small set of weights that comes with this package."""

from __future__ import annotations

from pathlib import Path

from mf_backend.contracts.request import Settings
from mf_backend.engines.motionfollower.engine import MotionFollowerEngine
from mf_backend.weights.folder import sample_folder


class SampleEngine(MotionFollowerEngine):
    """Paints small pictures, and knows rendered figures only: to see the whole path work, with no
    download and no card."""

    name = "sample"
    label = "MotionFollower sample (rendered figures, small pictures)"
    seconds_a_frame = 3.0

    def set_folder(self, settings: Settings) -> Path:
        """The package's own set, whichever others are imported."""
        return sample_folder()
