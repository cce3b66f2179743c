"""Clips made for the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

SIZE = (96, 64)


def numbered_frames(count: int, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """Frames that tell their number: a grey ramp whose brightness rises with it, and a corner
    that is red, so that turning shows."""
    width, height = size
    frames = []
    for index in range(count):
        frame = np.full((height, width, 3), 20 + 7 * index, np.uint8)
        frame[: height // 3, : width // 3] = (230, 20, 20)
        frames.append(frame)
    return frames


def number_of(frame: np.ndarray) -> int:
    """The number that a frame tells."""
    return round((float(frame[-8:, -8:].mean()) - 20) / 7)


@pytest.fixture
def make_video() -> Callable[..., Path]:
    """Write frames with PyAV: codec, pixel format, presentation times and rate as asked."""
    import av

    def make(
        path: Path,
        frames: Sequence[np.ndarray],
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        times: Sequence[int] | None = None,
        fps: int = 25,
        sound: bool = False,
        options: dict[str, str] | None = None,
    ) -> Path:
        height, width = frames[0].shape[:2]
        with av.open(str(path), "w") as out:
            stream = out.add_stream(codec, rate=fps, options=options or {})
            stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
            if times is not None:
                stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
            tone = out.add_stream("aac", rate=48000, layout="stereo") if sound else None
            for index, array in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(array, format="rgb24")
                if times is not None:
                    frame.pts, frame.time_base = times[index], Fraction(1, 1000)
                out.mux(stream.encode(frame))
            out.mux(stream.encode())
            if tone is not None:
                wave = rising_tone(len(frames) / fps)
                block = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
                block.sample_rate, block.pts = 48000, 0
                block.time_base = Fraction(1, 48000)
                out.mux(tone.encode(block))
                out.mux(tone.encode())
        return path

    return make


def index_at_front(video: Path, path: Path) -> Path:
    """The same pictures in a file that begins with its index, so that its end can be cut off."""
    import av

    with (
        av.open(str(video)) as source,
        av.open(str(path), "w", options={"movflags": "faststart"}) as out,
    ):
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return path


def rising_tone(seconds: float) -> np.ndarray:
    """Stereo float32 [2, samples] whose loudness tells the time: 0 at first, 0.8 at the end."""
    count = round(seconds * 48000)
    t = np.arange(count) / 48000
    wave = (0.8 * t / seconds * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    return np.stack([wave, wave])
