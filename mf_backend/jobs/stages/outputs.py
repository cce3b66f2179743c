"""What a job leaves: finished frames, the mp4, made by the engine and the encoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import Clip, encode_mp4, probe_clip
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.errors import InputError, MFError, OutputError
from mf_backend.contracts.findings import Findings
from mf_backend.contracts.request import ClipKind, Settings
from mf_backend.engines.base import Engine, EngineJob
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.record.frames import FinishedFrames
from mf_backend.jobs.record.inputs import InputWatch
from mf_backend.jobs.tracker import JobTracker

_MOST_ROUNDS = 3
"""How often all frames may be made within one run."""


def render(
    job: JobFolder,
    clip: Clip,
    engine: Engine,
    settings: Settings,
    frames: FinishedFrames,
    watch: InputWatch,
    tracker: JobTracker,
    made_from: str,
    findings: Findings,
) -> int:
    """Let the engine make the frames that are not there yet; returns how many it made.

    A frame that is changed by somebody while the others are made is made again, too.
    """
    made = 0
    while todo := frames.todo(made_from):
        if made >= _MOST_ROUNDS * clip.count:
            raise OutputError(
                "frames-changed",
                f"Frames in {job.frames} are changed again and again while they are made.",
                "End the program that writes there, and start the job again.",
            )
        job.engine_work.mkdir(exist_ok=True)
        work = EngineJob(clip, load_conditions(job.conditions), settings, job.engine_work, findings)
        for index, picture in engine.render(work, todo, tracker):
            if picture.shape != (clip.size[1], clip.size[0], 3):
                raise MFError(
                    "engine-wrong", f"The engine made frame {index} with shape {picture.shape}."
                )
            watch.check_often()
            tracker.check()
            tracker.frame_done(str(frames.write(index, picture, made_from)))
            tracker.check()
            made += 1
    return made


def encode(job: JobFolder, clip: Clip, frames: FinishedFrames, tracker: JobTracker) -> None:
    """Write result.mp4 from the finished frames, with the clip's rate and its sound."""
    tracker.begin("encode", clip.count)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for index in range(clip.count):
            yield frames.read(index)
            tracker.advance(index + 1)

    video = clip.info.kind is ClipKind.VIDEO and clip.info.has_audio
    encode_mp4(
        pictures(),
        clip.size,
        clip.fps,
        job.mp4,
        audio_from=clip.path if video else None,
        audio_start_seconds=clip.start_seconds,
        duration=clip.duration_seconds,
    )


def mp4_complete(job: JobFolder, clip: Clip) -> bool:
    """Whether result.mp4 opens with every frame in it."""
    try:
        info = probe_clip(job.mp4)
    except InputError:
        return False
    even = (clip.size[0] + clip.size[0] % 2, clip.size[1] + clip.size[1] % 2)
    return info.count == clip.count and (info.width, info.height) == even
