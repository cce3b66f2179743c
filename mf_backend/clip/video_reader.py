"""Reading frames of a video by number: sequential reads are fast, jumps decode from a keyframe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip.container import damaged, open_container, video_stream
from mf_backend.clip.video import VideoFacts, to_rgb
from mf_backend.contracts.errors import InputError

_FAR = 60
"""Frames further ahead than this are sought instead of decoded up to."""
_EARLIER = (0, 60, 300)
"""How many frames before the wanted one a seek is tried; then the file is read from its start.

Streams without an index (.ts, .mpg) are sought by their bytes and may land behind it; so may
keyframes of an open group of pictures."""


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

    def _restart(self, start: int) -> None:
        """Open (again) and go to a keyframe before frame `start`; 0 is the file's start."""
        import av

        self.close()
        self._container = open_container(self._path)
        stream = video_stream(self._container, self._path)
        if start > 0:
            try:
                self._container.seek(self._facts.times[start], stream=stream, backward=True)
            except av.error.FFmpegError as error:
                raise damaged(self._path, start, error.strerror) from None
        self._decoder = self._container.decode(stream)
        self._next = start

    def _starts(self, index: int) -> list[int]:
        if not self._facts.times:
            return [0]
        return [start for back in _EARLIER if (start := index - back) > 0] + [0]

    def _forward(self, index: int) -> Any:
        """Decode on to frame `index`. Raises InputError naming the frame where it does not come."""
        import av

        assert self._decoder is not None
        while True:
            try:
                frame = next(self._decoder, None)
            except av.error.FFmpegError as error:
                raise damaged(self._path, min(self._next, index), error.strerror) from None
            if frame is None:
                raise damaged(self._path, min(self._next, index), "the file ends before it")
            number = self._index.get(frame.pts, -1) if self._facts.times else self._next
            if number == index:
                return frame
            if number > index:
                raise damaged(self._path, index, "the decoder skipped it")
            self._next = max(self._next, number + 1)

    def _find(self, index: int) -> Any:
        """The decoded frame `index`, from where the decoder stands or from a keyframe before."""
        ahead = index - self._next
        if self._decoder is not None and ahead >= 0 and not (ahead > _FAR and self._facts.times):
            return self._forward(index)
        starts = self._starts(index)
        for start in starts:
            try:
                self._restart(start)
                return self._forward(index)
            except InputError:
                if start == starts[-1]:
                    raise
        raise AssertionError("the file's start is always tried")

    def read(self, index: int) -> NDArray[np.uint8]:
        """Frame `index` (from 0 in the file), RGB uint8 [height, width, 3].

        Raises InputError naming the frame where it cannot be decoded.
        """
        if self._kept is not None and self._kept[0] == index:
            return self._kept[1]
        frame = self._find(index)
        self._next = index + 1
        if frame.is_corrupt:
            raise damaged(self._path, index, "its data is damaged")
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
