"""What a denoising starts from instead of noise: the preview's picture of each frame.

Where the actor left it shows the background plate, where he goes the clip's own pixels bent into
his pose; the networks finish what is noise on it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import hash_clip, write_png
from mf_backend.clip.picture_file import intact_size, read_image
from mf_backend.compositing.window import Window
from mf_backend.contracts.files import hash_file, hash_value
from mf_backend.contracts.progress import Reporter
from mf_backend.engines.base import EngineJob
from mf_backend.engines.motionfollower.costs import RenderCosts
from mf_backend.engines.preview.engine import PreviewEngine
from mf_backend.models.model_set import ModelSet
from mf_backend.sampler.conditions import Conditions
from mf_backend.sampler.encode import encode_frames
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.sampler.options import Phases, SamplerOptions
from mf_backend.sampler.state import SamplerState, initial_state, started_state

_DRAFTS = "start-"
"""How folders of drawn previews begin."""
_KINDS = (
    *("source_alpha", "source_held", "source_front", "source_shadow", "source_shade"),
    *("target_alpha", "target_shadow"),
)
"""Pictures that the preview looks at besides the masks; some may be absent."""
Picture = NDArray[np.uint8]


def start_key(job: EngineJob) -> str:
    """Hash of what the preview's pictures depend on besides clip, joints and masks."""
    conditions = job.conditions
    files = (conditions.path(kind, index) for kind in _KINDS for index in range(conditions.count))
    positions, plate = conditions.target_positions, job.settings.plate
    return hash_value(
        [
            str(job.settings.shadow),
            [str(job.settings.plate_fit), hash_clip(Path(plate))] if plate else [],
            conditions.actor_size,
            "" if positions is None else positions.tobytes().hex(),
            [hash_file(file) if file.is_file() else "" for file in files],
        ]
    )


@dataclass(frozen=True)
class Drafts:
    """The preview's pictures of a job's frames in the window, kept in its work folder until other
    settings make others; drawn again where they are missing or damaged."""

    job: EngineJob
    window: Window
    key: str
    """What they depend on; no other job's are used."""

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return self.job.work / f"{_DRAFTS}{self.key[:24]}"

    def draw(self, indices: Sequence[int], reporter: Reporter) -> Iterator[Picture]:
        """Draw, keep and yield those of some frames, these at the engine's size [h, w, 3]; those of
        other settings go."""
        for other in self.job.work.glob(f"{_DRAFTS}*"):
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        for index, frame in PreviewEngine().render(self.job, indices, reporter):
            write_png(self._file(index), self.window.cut(frame))
            yield self.window.crop(frame)

    def ready(self, indices: Sequence[int], reporter: Reporter) -> None:
        """Have those of some frames, drawing what is not there."""
        size = (self.window.width, self.window.height)
        lacking = [index for index in indices if intact_size(self._file(index)) != size]
        for _ in self.draw(lacking, reporter):
            reporter.check()

    def read(self, index: int) -> Picture:
        """One that is there: the window uint8 [height, width, 3] in the clip's pixels."""
        return read_image(self._file(index))

    def _file(self, index: int) -> Path:
        return self.folder / f"frame_{index}.png"


def begin(
    drafts: Drafts,
    models: ModelSet,
    conditions: Conditions,
    options: SamplerOptions,
    inputs: SamplerInputs,
    costs: RenderCosts,
    reporter: Reporter,
) -> SamplerState:
    """A state at the first step that is left to do: of noise, or of the preview's pictures.

    The preview is drawn and encoded frame by frame.
    """
    if options.first_step == 0:
        return initial_state(conditions, options)
    count = len(inputs)
    progress = _Progress(reporter, costs, 2 * count)
    drawn = drafts.draw(range(count), progress)
    start = encode_frames(models, conditions, progress.counted(drawn, "preview"))
    source = start
    if Phases(options).reconstructing(options.first_step):
        clip = (inputs.frames[i] for i in range(count))
        source = encode_frames(models, conditions, progress.counted(clip, "clip"))
    return started_state(conditions, options, models.config.schedule, source, start)


class _Progress:
    """A Reporter for the preview, whose frames are encoded as they are drawn."""

    def __init__(self, reporter: Reporter, costs: RenderCosts, total: int) -> None:
        self._reporter, self._costs, self._total, self._done = reporter, costs, total, 0

    def counted(self, pictures: Iterable[Picture], what: str) -> Iterator[Picture]:
        """`pictures`, each of which is encoded when the next is asked for."""
        for picture in pictures:
            yield picture
            self._done += 1
            self._say(f"the {what} to start from")

    def begin(self, stage: str, total: int) -> None:
        """No stage of its own."""

    def advance(self, step: int, note: str = "") -> None:
        """See Reporter."""
        self._say(f"the preview to start from, frame {step}")

    def check(self) -> None:
        """See Reporter."""
        self._reporter.check()

    def warn(self, code: str, message: str) -> None:
        """See Reporter."""
        self._reporter.warn(code, message)

    def _say(self, note: str) -> None:
        self._reporter.advance(self._costs.started(self._done / self._total), note)
