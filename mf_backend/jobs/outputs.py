"""What a job leaves: finished frames, the mp4, and a copy where the user asked for one."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import Clip, encode_mp4, probe_clip, write_png
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.files import atomic_path, output_error
from mf_backend.contracts.request import ClipKind, Settings
from mf_backend.engines.base import Engine, EngineJob
from mf_backend.jobs.folder import JobFolder
from mf_backend.jobs.tracker import JobTracker

_FRAME = re.compile(r"\d{6,}\.png")


def read_frame(path: Path, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """A finished frame, RGB uint8 [height, width, 3]; None unless it opens at `size`."""
    import cv2

    if not path.is_file():
        return None
    data = np.fromfile(path, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size and _is_whole(data) else None
    if picture is None or picture.shape[:2] != (size[1], size[0]):
        return None
    result: NDArray[np.uint8] = np.ascontiguousarray(picture[..., ::-1])
    return result


def _is_whole(data: NDArray[np.uint8]) -> bool:
    """Whether a PNG ends with its end chunk; decoders fill up a cut-off picture in silence."""
    return data[-8:-4].tobytes() == b"IEND"


def frames_to_do(job: JobFolder, count: int, size: tuple[int, int]) -> list[int]:
    """Indices of the frames that are not on disk yet, or do not open at the clip's size."""
    return [i for i in range(count) if read_frame(job.frame(i), size) is None]


def drop_frames(job: JobFolder) -> None:
    """Delete finished frames and engine caches that were made from other inputs or settings."""
    shutil.rmtree(job.engine_work, ignore_errors=True)
    for path in job.frames.glob("*.png"):
        if _FRAME.fullmatch(path.name):
            path.unlink()


def render(
    job: JobFolder, clip: Clip, engine: Engine, settings: Settings, tracker: JobTracker
) -> int:
    """Let the engine make the frames that are not there yet; returns how many it made."""
    todo = frames_to_do(job, clip.count, clip.size)
    if not todo:
        return 0
    job.engine_work.mkdir(exist_ok=True)
    conditions = load_conditions(job.conditions)
    work = EngineJob(clip, conditions, settings, job.engine_work)
    for index, picture in engine.render(work, todo, tracker):
        if picture.shape != (clip.size[1], clip.size[0], 3):
            raise MFError(
                "engine-wrong", f"The engine made frame {index} with shape {picture.shape}."
            )
        write_png(job.frame(index), picture)
        tracker.frame_done(str(job.frame(index)))
        tracker.check()
    return len(todo)


def encode(job: JobFolder, clip: Clip, tracker: JobTracker) -> None:
    """Write result.mp4 from the finished frames, with the clip's rate and its sound."""
    tracker.begin("encode", clip.count)

    def frames() -> Iterator[NDArray[np.uint8]]:
        for index in range(clip.count):
            picture = read_frame(job.frame(index), clip.size)
            if picture is None:
                raise MFError("frame-damaged", f"{job.frame(index).name} can no longer be read.")
            yield picture
            tracker.advance(index + 1)

    video = clip.info.kind is ClipKind.VIDEO and clip.info.has_audio
    encode_mp4(
        frames(),
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


def copy_mp4(job: JobFolder, mp4: str) -> None:
    """Put a copy of result.mp4 where the user asked for one, whole or not at all."""
    path = Path(mp4)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(path, error) from error
    with atomic_path(path) as temporary:
        shutil.copyfile(job.mp4, temporary)
