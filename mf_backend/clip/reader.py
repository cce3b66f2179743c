"""Opening a clip: one class over video files and folders of numbered images."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import image_folder, picture_file, video
from mf_backend.clip.info import DEFAULT_IMAGE_FPS, ClipInfo, as_rate
from mf_backend.clip.video_reader import VideoReader
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import ClipKind, Reference


def reference_for(path: Path, first: int = 0, count: int = 0, fps: float = 0.0) -> Reference:
    """A Reference whose kind is what lies at `path`: a folder is images, anything else a video."""
    kind = ClipKind.IMAGES if path.is_dir() else ClipKind.VIDEO
    return Reference(str(path.absolute()), kind, first, count, fps)


def probe_clip(path: Path, fps: float = 0.0) -> ClipInfo:
    """Facts of a clip. Raises InputError where it is missing, damaged or cut off.

    `fps` over 0 replaces the clip's own rate.
    """
    if path.is_dir():
        images = image_folder.scan(path)
        return _images_info(images, picture_file.read_headers(images.files), fps)
    facts = video.inspect(path)
    _refuse_cut(path, facts, facts.expected)
    return _video_info(facts, fps)


def _images_info(
    images: image_folder.NumberedImages, headers: picture_file.Headers, fps: float
) -> ClipInfo:
    notes: tuple[tuple[str, str], ...] = ()
    if headers.transparent is not None:
        notes = (
            (
                "clip-alpha",
                f"The images in {images.folder} have transparency ({headers.transparent.name} is "
                f"the first); their colours are used as stored.",
            ),
        )
    return ClipInfo(
        kind=ClipKind.IMAGES,
        width=headers.size[0],
        height=headers.size[1],
        fps=as_rate(fps) if fps > 0 else DEFAULT_IMAGE_FPS,
        count=len(images.files),
        first_number=images.numbers[0],
        missing_numbers=images.missing(),
        notes=notes,
    )


def _video_info(facts: video.VideoFacts, fps: float) -> ClipInfo:
    return ClipInfo(
        kind=ClipKind.VIDEO,
        width=facts.width,
        height=facts.height,
        fps=as_rate(fps) if fps > 0 else facts.fps,
        count=facts.count,
        has_audio=facts.has_audio,
        variable_rate=facts.variable_rate,
        notes=facts.notes,
    )


def _refuse_cut(path: Path, facts: video.VideoFacts, stop: int) -> None:
    if stop > facts.count:
        raise InputError(
            "clip-cut-off",
            f"{path.name} is cut off: it should have {facts.expected} frames, but nothing follows "
            f"frame {facts.count - 1}.",
            f"Copy the file again, or use its first {facts.count} frames only.",
        )


class Clip:
    """The used range of a clip as a FrameSource; index 0 is the first frame used.

    Holds one frame at a time. A context manager; `info` describes the whole clip.
    """

    def __init__(
        self,
        reference: Reference,
        info: ClipInfo,
        first: int,
        count: int,
        source: VideoReader | tuple[Path, ...],
        start_seconds: float,
    ) -> None:
        self.reference = reference
        self.info = info
        self.first = first
        self.start_seconds = start_seconds
        """Time of the first frame used on the file's own clock (for its sound)."""
        self._count = count
        self._source = source

    @property
    def path(self) -> Path:
        """The clip on disk."""
        return Path(self.reference.path)

    @property
    def count(self) -> int:
        """Number of frames used."""
        return self._count

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.info.width, self.info.height

    @property
    def fps(self) -> Fraction:
        """Frames a second."""
        return self.info.fps

    @property
    def duration_seconds(self) -> float:
        """Length of the used range."""
        return float(self._count / self.fps)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Frame `index` of the range, RGB uint8 [height, width, 3].

        Raises InputError naming the frame or file where it is damaged, IndexError out of range.
        """
        if not 0 <= index < self._count:
            raise IndexError(f"frame {index} of {self._count}")
        if isinstance(self._source, VideoReader):
            return self._source.read(self.first + index)
        file = self._source[index]
        picture = picture_file.read_image(file)
        if picture.shape[:2] != (self.info.height, self.info.width):
            raise InputError(
                "clip-mixed-sizes",
                f"{file} is {picture.shape[1]}x{picture.shape[0]} pixels, not "
                f"{self.info.width}x{self.info.height} like the others.",
                "All images of a clip must have one size.",
            )
        return picture

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.uint8]]:
        """Frames start..stop-1 in order, one in memory at a time."""
        for index in range(start, self._count if stop is None else min(stop, self._count)):
            yield self.read(index)

    def close(self) -> None:
        """Let go of the file."""
        if isinstance(self._source, VideoReader):
            self._source.close()

    def __enter__(self) -> Clip:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _used_range(reference: Reference, total: int) -> tuple[int, int]:
    """(first, count) within `total` frames; InputError where the range reaches beyond it."""
    first = reference.first
    count = reference.count or total - first
    if first < 0 or count < 1 or first + count > total:
        raise InputError(
            "clip-range",
            f"Frames {first} to {first + max(count, 1) - 1} were asked for, but the clip has "
            f"frames 0 to {total - 1}.",
            "Choose a range inside the clip.",
        )
    return first, count


def open_clip(reference: Reference) -> Clip:
    """Open the used range of a clip.

    Raises InputError where the clip is missing, damaged, cut off inside the range, has images of
    mixed sizes or numbers missing inside the range.
    """
    path = Path(reference.path)
    if path.is_dir():
        images = image_folder.scan(path)
        first, count = _used_range(reference, len(images.files))
        missing = images.missing(first, first + count)
        if missing:
            raise InputError(
                "clip-gaps",
                f"Images are missing in {path}: there is no number "
                f"{image_folder.list_numbers(missing)}.",
                "Add them, or choose a range without a gap.",
            )
        files = images.files[first : first + count]
        info = _images_info(images, picture_file.read_headers(files), reference.fps)
        return Clip(reference, info, first, count, files, float(first / info.fps))
    facts = video.inspect(path)
    info = _video_info(facts, reference.fps)
    stop = reference.first + reference.count if reference.count else facts.expected
    _refuse_cut(path, facts, min(stop, facts.expected))
    first, count = _used_range(reference, facts.count)
    start = float(facts.times[first] * facts.time_base) if facts.times else float(first / facts.fps)
    return Clip(reference, info, first, count, VideoReader(path, facts), start)
