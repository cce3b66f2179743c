"""The finished frames of a job: which count, which are made again, which are somebody's own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip.image_folder import list_numbers
from mf_backend.clip.writer import png_bytes
from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.errors import OutputError
from mf_backend.contracts.files import write_bytes
from mf_backend.jobs.disk.folder import JobFolder, PartFolder
from mf_backend.jobs.record.codes import FRAMES_CHANGED, FRAMES_DAMAGED
from mf_backend.jobs.record.frame_log import FrameLog
from mf_backend.jobs.record.kept_aside import keep_aside

_FRAME = re.compile(r"\d{6,}\.png")
_FORMER = "before there were records"


def read_frame(path: Path, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """A finished frame, RGB uint8 [height, width, 3]; None unless it opens at `size`."""
    if not path.is_file():
        return None
    return decode_frame(path.read_bytes(), size)


def decode_frame(data: bytes, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """The picture in a finished frame's bytes; None unless it is whole and of `size`."""
    import cv2

    # A PNG ends with its end chunk; decoders fill up a cut-off picture in silence.
    whole = data[-8:-4] == b"IEND"
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if whole else None
    if picture is None or picture.shape[:2] != (size[1], size[0]):
        return None
    result: NDArray[np.uint8] = np.ascontiguousarray(picture[..., ::-1])
    return result


class FinishedFrames:
    """Frames in outputs/frames, and what was written into each; of a PartFolder only its own."""

    def __init__(
        self,
        job: JobFolder,
        count: int,
        size: tuple[int, int],
        warn: Callable[[str, str], None],
    ) -> None:
        self._job = job
        self._size = size
        self._warn = warn
        part = job.range if isinstance(job, PartFolder) else None
        indices = range(count) if part is None else part.indices
        self._names = {job.frame(index).name: index for index in indices}
        self._log = FrameLog(job.record, part.name if part else "")
        self._only_these = part is not None

    def all_open(self) -> bool:
        """Whether every frame is there and opens at the clip's size."""
        frames = (self._job.frames / name for name in self._names)
        return all(read_frame(path, self._size) is not None for path in frames)

    def know(self, made_from: str, marks: Mapping[str, FileMark | None]) -> None:
        """Note the marks that the stage's record holds, by path, as those of these things."""
        known = {Path(name).name: mark for name, mark in marks.items() if mark is not None}
        self._log.know(made_from, known)

    def adopt(self, made_from: str) -> None:
        """Take over frames that were made before there were records.

        `made_from` is empty where they are not of this job's present settings. Newer than the mp4
        that was made from them, such a frame was changed since, and is not ours.
        """
        mp4 = self._job.mp4
        made = mp4.stat().st_mtime_ns if mp4.is_file() else None
        marks = {}
        for path in self._files():
            mark = FileMark.of(path)
            ours = made is None or path.stat().st_mtime_ns <= made
            keep = read_frame(path, self._size) is not None if made_from else ours
            if mark is not None and keep:
                marks[path.name] = mark
        self._log.know(made_from or _FORMER, marks)

    def todo(self, made_from: str) -> list[int]:
        """Indices of the frames that are not there as they were made, after clearing the rest.

        What we made from other things is deleted; what somebody painted is kept aside.
        """
        marks = self._log.marks(made_from)
        good, changed, damaged = set(), [], []
        for path in self._files():
            wanted = marks.get(path.name) if path.name in self._names else None
            found = FileMark.of(path)
            if wanted is not None and found == wanted:
                good.add(path.name)
            elif self._log.ours(path.name, found):
                path.unlink()
            elif keep_aside(self._job, path):
                changed.append(int(path.stem))
            elif path.name in self._names:
                damaged.append(int(path.stem))
        if changed:
            self._warn(
                FRAMES_CHANGED,
                f"{_frames(changed)} changed by hand since they were made: the changed pictures "
                f"are now in {self._job.relative(self._job.kept)}, and the frames are made again.",
            )
        if damaged:
            self._warn(
                FRAMES_DAMAGED,
                f"{_frames(damaged)} damaged since they were made; they are made again.",
            )
        return [index for name, index in self._names.items() if name not in good]

    def write(self, index: int, picture: NDArray[np.uint8], made_from: str) -> Path:
        """Write one frame and note what it is; what lies at its place and is not ours is kept."""
        path = self._job.frame(index)
        data = png_bytes(picture)
        if path.exists() and not self._log.ours(path.name, FileMark.of(path)):
            kept = keep_aside(self._job, path)
            if kept:
                self._warn(FRAMES_CHANGED, f"A picture that was put at {path.name} is now {kept}.")
        self._log.add(path.name, made_from, FileMark.of_bytes(data))
        write_bytes(path, data)
        return path

    def read(self, index: int) -> NDArray[np.uint8]:
        """One finished frame. Raises OutputError where it is no longer as it was written."""
        path = self._job.frame(index)
        data = path.read_bytes() if path.is_file() else b""
        picture = decode_frame(data, self._size)
        if picture is None or not self._log.ours(path.name, FileMark.of_bytes(data)):
            raise OutputError(
                "frames-changed",
                f"{path.name} was changed or deleted while the job ran.",
                "Start the job again; the frame is made anew.",
            )
        return picture

    def marks(self, made_from: str) -> dict[str, FileMark]:
        """What the frames made from these things are, by path inside the job folder."""
        folder = self._job.relative(self._job.frames)
        return {f"{folder}/{name}": mark for name, mark in self._log.marks(made_from).items()}

    def forget(self, made_from: str) -> None:
        """Let nothing made from these things count; the engine's own files go, too."""
        self._log.forget(made_from)
        self.drop_work()

    def drop_work(self) -> None:
        """Delete the engine's caches and checkpoints."""
        shutil.rmtree(self._job.engine_work, ignore_errors=True)

    def _files(self) -> list[Path]:
        """Frames that are there; in a part, only those that are this one's to make."""
        found = (p for p in self._job.frames.glob("*.png") if _FRAME.fullmatch(p.name))
        return sorted(p for p in found if p.name in self._names or not self._only_these)


def _frames(numbers: list[int]) -> str:
    many = len(numbers) > 1
    return f"Frame{'s' if many else ''} {list_numbers(numbers)} {'were' if many else 'was'}"
