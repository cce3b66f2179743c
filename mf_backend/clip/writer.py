"""Writing pictures and mp4 files; every file appears whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip.container import open_container
from mf_backend.contracts.errors import OutputError
from mf_backend.contracts.files import atomic_path, output_error, write_bytes

_PNG_LEVEL = 3
"""Compression of PNG files: level 3 is about four times as fast as 9 for a few percent more."""
_CRF = "16"
"""x264's constant rate factor: visually lossless."""
_X264 = {"crf": _CRF, "mbtree": "0", "threads": "4"}
"""The same frames must give the same bytes. x264's macroblock tree reads memory that it never
filled where the width is no multiple of 64, and its number of threads changes what it writes."""
_AUDIO_BITS = 192_000
_BT709 = 1
"""Number of BT.709 primaries, transfer and matrix in ITU-T H.273."""


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """Encode uint8 [height, width] or RGB [height, width, 3] as PNG."""
    import cv2

    stored = picture[..., ::-1] if picture.ndim == 3 else picture
    done, data = cv2.imencode(
        ".png", np.ascontiguousarray(stored), [cv2.IMWRITE_PNG_COMPRESSION, _PNG_LEVEL]
    )
    if not done:
        raise OutputError("not-writable", "A picture could not be encoded as PNG.")
    return bytes(data.tobytes())


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write uint8 grey [height, width] or RGB [height, width, 3]; OutputError where it fails."""
    write_bytes(path, png_bytes(picture))


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat the last row and column where a side is odd: H.264 with 4:2:0 needs even sides."""
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return picture


def _cut_sound(source: Any, stream: Any, start: float, duration: float) -> Iterator[Any]:
    """Decoded sound of the stream between start and start + duration, cut to the sample."""
    import av

    if start > 1.0:
        source.seek(int((start - 1.0) * 1_000_000), backward=True)
    resampler = av.AudioResampler(format="fltp", layout=_layout(stream), rate=stream.rate)
    begin, end = round(start * stream.rate), round((start + duration) * stream.rate)
    position: int | None = None
    for decoded in source.decode(stream):
        for frame in resampler.resample(decoded):
            samples = frame.to_ndarray()
            if position is None:
                position = round((decoded.time or 0.0) * stream.rate)
            low, high = max(begin - position, 0), min(end - position, samples.shape[1])
            if high > low:
                cut = np.ascontiguousarray(samples[:, low:high])
                out = av.AudioFrame.from_ndarray(cut, format="fltp", layout=_layout(stream))
                out.sample_rate = stream.rate
                out.time_base = Fraction(1, stream.rate)
                out.pts = position + low - begin
                yield out
            position += samples.shape[1]
            if position >= end:
                return


def _layout(stream: Any) -> str:
    return "mono" if stream.codec_context.channels == 1 else "stereo"


def encode_mp4(
    frames: Iterable[NDArray[np.uint8]],
    size: tuple[int, int],
    fps: Fraction,
    path: Path,
    audio_from: Path | None = None,
    audio_start_seconds: float = 0.0,
    duration: float = 0.0,
) -> None:
    """Encode RGB frames of `size` (width, height) as H.264, with sound cut from another file.

    Odd sides are padded by one repeated row or column. Sound is taken from `audio_from`, from
    `audio_start_seconds` on for `duration` seconds (0: to its end), as AAC; a file without sound
    gives none. Raises OutputError where the disk refuses.
    """
    import av

    width, height = size[0] + size[0] % 2, size[1] + size[1] % 2
    with atomic_path(path) as temporary:
        try:
            with av.open(str(temporary), "w", options={"movflags": "+faststart"}) as output:
                stream = output.add_stream("libx264", rate=fps, options=_X264)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                context = stream.codec_context
                context.colorspace = context.color_primaries = context.color_trc = _BT709
                context.color_range = 1
                source = open_container(audio_from) if audio_from is not None else None
                try:
                    has_sound = source is not None and len(source.streams.audio) > 0
                    sound: Any = None
                    if has_sound and source is not None:
                        given = source.streams.audio[0]
                        sound = output.add_stream("aac", rate=given.rate, layout=_layout(given))
                        sound.bit_rate = _AUDIO_BITS
                    for picture in frames:
                        frame = av.VideoFrame.from_ndarray(_even(picture), format="rgb24")
                        converted = frame.reformat(
                            format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
                        )
                        converted.color_primaries = converted.color_trc = _BT709
                        output.mux(stream.encode(converted))
                    output.mux(stream.encode())
                    if sound is not None and source is not None:
                        length = duration or 1e9
                        given = source.streams.audio[0]
                        for cut in _cut_sound(source, given, audio_start_seconds, length):
                            output.mux(sound.encode(cut))
                        output.mux(sound.encode())
                finally:
                    if source is not None:
                        source.close()
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise output_error(path, error) from error
            raise OutputError(
                "not-encodable", f"{path.name} could not be encoded: {error}."
            ) from error
