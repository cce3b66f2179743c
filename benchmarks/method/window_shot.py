"""A filmed shot as the networks see it: everything in the window around the actor, at their size.

What is cut away or made smaller for the networks is not scored, so that a small set of weights is
judged by what it paints and not by its pictures' size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.truth.scoring.regions import TrueFrame, find_regions
from benchmarks.truth.shot_folder import ShotFolder, Take
from mf_backend.clip import open_clip
from mf_backend.clip.picture_file import read_image
from mf_backend.compositing.blend import composite, soft_union
from mf_backend.compositing.window import Window
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.request import read_request
from mf_backend.engines.base import EngineJob
from mf_backend.engines.motionfollower.inputs import sampler_inputs, window_for
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.models.config import ModelConfig
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.weights.weight_set import Kind, open_set


@dataclass(frozen=True)
class WindowShot:
    """One shot. Pictures are uint8 [height, width, 3] of the window at the networks' size."""

    name: str
    window: Window
    inputs: SamplerInputs
    previews: list[Picture]
    """The preview engine's frames."""
    truths: list[TrueFrame]
    joints: NDArray[np.float32]
    """[frames, 60, 2] of the truth, in the window's pixels."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.window.size

    @property
    def seen(self) -> Window:
        """The window as if the clip had its size."""
        return Window(0, 0, *self.size, self.size)

    def laid_in(self, painted: Picture, index: int) -> Picture:
        """What the networks painted in the masks of frame `index`, the clip around it. The plate
        that the engine lays under it where the actor left is not: it is no part of the method."""
        masks = (self.inputs.source_masks[index], self.inputs.target_masks[index])
        return composite(self.inputs.frames[index], painted, soft_union(*masks))


@contextmanager
def open_window(shot: ShotFolder, job: JobFolder, weights: Path) -> Iterator[WindowShot]:
    """A shot with the finished preview job that was made of it, for the networks in `weights`."""
    request = read_request(job.request)
    with open_clip(request.reference) as clip:
        conditions = load_conditions(job.conditions)
        engine_job = EngineJob(clip, conditions, request.settings, job.engine_work)
        config = ModelConfig.from_folder(weights)
        square = open_set(weights).kind is Kind.TRAINED
        window = window_for(engine_job, config.picture_side, square=square)
        yield WindowShot(
            shot.name,
            window,
            sampler_inputs(engine_job, window, config.picture_side),
            [window.crop(read_image(job.frame(index))) for index in range(shot.count)],
            [_true_frame(shot, window, index) for index in range(shot.count)],
            window.joints(shot.joints(Take.TRUTH)),
        )


def _true_frame(shot: ShotFolder, window: Window, index: int) -> TrueFrame:
    truth, source = (window.crop(shot.frame(take, index)) for take in (Take.TRUTH, Take.SOURCE))
    matte, before = (window.crop(shot.matte(take, index)) for take in (Take.TRUTH, Take.SOURCE))
    plate = window.crop(shot.plate(index))
    seen = np.ones(matte.shape, np.bool_)
    regions = find_regions(matte, before, (truth, source), plate, seen)
    return TrueFrame(truth, source, plate, matte, before, regions)
