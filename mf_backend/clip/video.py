"""Video files through PyAV: exact frame counts, rotation, damage named by frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip.info import DEFAULT_IMAGE_FPS, as_rate
from mf_backend.contracts.errors import InputError

_UNEVEN = 0.25
"""Spacing may differ by this part of the usual interval before a rate counts as variable."""
_CUT_SECONDS = 0.5
"""Seconds that may be missing at the end of a file before it counts as cut off."""
_HIDDEN_PACKET_CODECS = ("vp8",)
"""Codecs whose packets need not each hold a visible frame; their frames are decoded to count."""
_HDR_TRANSFERS = (16, 18)
"""Transfer characteristics PQ and HLG, numbers of ITU-T H.273."""


@dataclass(frozen=True)
class VideoFacts:
    """What a scan of a video file's packets and its first frame says."""

    width: int
    height: int
    fps: Fraction
    times: tuple[int, ...]
    """Presentation time of each frame in `time_base` units, ascending; empty where unknown."""
    count: int
    time_base: Fraction
    has_audio: bool
    variable_rate: bool
    expected: int
    """Frames that the file's header promises; equal to `count` unless the file is cut off."""
    rotation: int
    notes: tuple[tuple[str, str], ...]


def _open(path: Path) -> Any:
    import av

    if not path.is_file():
        raise InputError(
            "clip-missing", f"The clip {path} does not exist.", "Choose its file again."
        )
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        raise InputError(
            "clip-unreadable",
            f"{path} cannot be read as a video: {getattr(error, 'strerror', None) or error}.",
            "The file may be damaged or cut off; try to play it, or export it again as mp4.",
        ) from None


def _video_stream(container: Any, path: Path) -> Any:
    streams = [s for s in container.streams.video if s.codec_context is not None]
    if not streams:
        raise InputError("clip-no-video", f"{path} has no pictures in it.", "Choose a video file.")
    streams[0].thread_type = "AUTO"
    return streams[0]


def _damaged(path: Path, index: int, reason: object) -> InputError:
    return InputError(
        "clip-damaged",
        f"Frame {index} of {path.name} cannot be decoded: {reason}.",
        f"The file is damaged there; use the frames before it (0 to {index - 1})."
        if index
        else "The file is damaged; export it again.",
    )


def _decode(container: Any, stream: Any) -> Iterator[Any]:
    yield from container.decode(stream)


def to_rgb(frame: Any, rotation: int) -> NDArray[np.uint8]:
    """RGB uint8 [height, width, 3] of a decoded frame, upright."""
    picture: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    if rotation:
        picture = np.ascontiguousarray(np.rot90(picture, k=rotation // 90))
    return picture


def _count_frames(path: Path) -> list[int]:
    import av

    times: list[int] = []
    with _open(path) as container:
        stream = _video_stream(container, path)
        try:
            for frame in _decode(container, stream):
                times.append(len(times) if frame.pts is None else frame.pts)
        except av.error.FFmpegError as error:
            raise _damaged(path, len(times), error.strerror) from None
    return times


def inspect(path: Path) -> VideoFacts:
    """Read a video's facts: every packet is looked at, one frame decoded.

    Raises InputError where the file is missing, no video, or its first frame cannot be decoded.
    """
    import av

    times: list[int] = []
    timed = True
    end = 0.0
    with _open(path) as container:
        stream = _video_stream(container, path)
        time_base = Fraction(stream.time_base or Fraction(1, 1000))
        header_frames = int(stream.frames or 0)
        hidden = stream.codec_context.name in _HIDDEN_PACKET_CODECS
        rate = stream.average_rate or stream.guessed_rate
        audio = list(container.streams.audio)
        duration = (container.duration or 0) / 1_000_000
        start = (container.start_time or 0) / 1_000_000
        try:
            for packet in container.demux([stream, *audio]):
                if packet.size == 0:
                    continue
                if packet.pts is not None and packet.time_base:
                    last = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    end = max(end, last)
                if packet.stream.index != stream.index or packet.is_discard:
                    continue
                timed = timed and packet.pts is not None
                times.append(packet.pts if packet.pts is not None else len(times))
        except av.error.FFmpegError as error:
            raise _damaged(path, len(times), error.strerror) from None
    if hidden:
        times, timed = _count_frames(path), True
    if not times:
        raise InputError("clip-empty", f"{path} has no frames in it.", "Choose another clip.")
    times.sort()
    timed = timed and len(set(times)) == len(times)
    count = len(times)
    steps = np.diff(np.array(times, dtype=np.float64)) if timed else np.empty(0)
    usual = float(np.median(steps)) if steps.size else 0.0
    uneven = bool(steps.size) and float(np.ptp(steps)) > max(_UNEVEN * usual, 2.0)
    if rate is None and usual:
        rate = 1 / (Fraction(usual) * time_base)
    expected = max(count, header_frames) if not hidden else count
    if expected == count and duration > 0 and rate and end - start < duration - _CUT_SECONDS:
        expected = count + max(1, round((duration - (end - start)) * float(rate)))
    notes: list[tuple[str, str]] = []
    with _open(path) as container:
        stream = _video_stream(container, path)
        try:
            frame = next(_decode(container, stream), None)
        except av.error.FFmpegError as error:
            raise _damaged(path, 0, error.strerror) from None
        if frame is None:
            raise _damaged(path, 0, "no picture came out of it")
        rotation = round(frame.rotation / 90) * 90 % 360
        width, height = frame.width, frame.height
        layout = frame.format
        if any(c.is_alpha for c in layout.components):
            notes.append(
                ("clip-alpha", f"{path.name} has transparency; its colours are used as stored.")
            )
        if stream.codec_context.color_trc in _HDR_TRANSFERS:
            notes.append(
                ("clip-hdr", f"{path.name} is HDR; its values are brought to 8 bits unmapped.")
            )
    if rotation in (90, 270):
        width, height = height, width
    if uneven:
        notes.append(
            (
                "clip-variable-rate",
                f"{path.name} has a variable frame rate; its frames are taken one by one as if "
                f"evenly spaced.",
            )
        )
    return VideoFacts(
        width=width,
        height=height,
        fps=as_rate(rate) if rate else DEFAULT_IMAGE_FPS,
        times=tuple(times) if timed else (),
        count=count,
        time_base=time_base,
        has_audio=bool(audio),
        variable_rate=uneven,
        expected=expected,
        rotation=rotation,
        notes=tuple(notes),
    )


class VideoReader:
    """Frames of a video by number; holds one decoder and one frame at a time."""

    def __init__(self, path: Path, facts: VideoFacts) -> None:
        self._path = path
        self._facts = facts
        self._container: Any = None
        self._decoder: Iterator[Any] | None = None
        self._next = 0
        self._index = {time: i for i, time in enumerate(facts.times)}
        self._kept: tuple[int, NDArray[np.uint8]] | None = None

    def close(self) -> None:
        """Let go of the file."""
        if self._container is not None:
            self._container.close()
        self._container = self._decoder = self._kept = None

    def _restart(self, index: int) -> None:
        """Open (again) and go to the last keyframe at or before `index` where times are known."""
        self.close()
        self._container = _open(self._path)
        stream = _video_stream(self._container, self._path)
        if index > 0 and self._facts.times:
            self._container.seek(self._facts.times[index], stream=stream, backward=True)
        self._decoder = _decode(self._container, stream)
        self._next = 0

    def _advance(self) -> tuple[int, Any]:
        """(number, frame) of the next decoded frame; number is -1 where its time is unknown."""
        import av

        assert self._decoder is not None
        try:
            frame = next(self._decoder, None)
        except av.error.FFmpegError as error:
            raise _damaged(self._path, self._next, error.strerror) from None
        if frame is None:
            raise _damaged(self._path, self._next, "the file ends before it")
        number = self._index.get(frame.pts, -1) if self._facts.times else self._next
        return number, frame

    def read(self, index: int) -> NDArray[np.uint8]:
        """Frame `index` (from 0 in the file), RGB uint8 [height, width, 3].

        Raises InputError naming the frame where it cannot be decoded.
        """
        if self._kept is not None and self._kept[0] == index:
            return self._kept[1]
        ahead = index - self._next
        if self._decoder is None or ahead < 0 or (ahead > 60 and self._facts.times):
            self._restart(index)
            start = index
            while True:
                number, frame = self._advance()
                if number < 0 or number <= index:
                    break
                # The keyframe lies after the frame in time (open group of pictures): go back.
                start = max(0, start - 60)
                self._restart(start)
                if start == 0:
                    number, frame = self._advance()
                    break
        else:
            number, frame = self._advance()
        while number != index:
            if number > index:
                raise _damaged(self._path, index, "the decoder skipped it")
            self._next = max(self._next, number + 1)
            number, frame = self._advance()
        self._next = index + 1
        if frame.is_corrupt:
            raise _damaged(self._path, index, "its data is damaged")
        picture = to_rgb(frame, self._facts.rotation)
        if picture.shape[:2] != (self._facts.height, self._facts.width):
            raise InputError(
                "clip-mixed-sizes",
                f"Frame {index} of {self._path.name} is {picture.shape[1]}x{picture.shape[0]} "
                f"pixels, but frame 0 is {self._facts.width}x{self._facts.height}.",
                "Export the clip again at one size.",
            )
        self._kept = (index, picture)
        return picture
