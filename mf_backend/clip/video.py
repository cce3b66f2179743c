"""What a video file holds, through PyAV: exact frame counts, rates, rotation."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip.container import damaged, open_container, video_stream
from mf_backend.clip.info import DEFAULT_IMAGE_FPS, as_rate
from mf_backend.contracts.errors import InputError

_UNEVEN = 0.25
"""Spacing may differ by this part of the usual interval before a rate counts as variable."""
_CUT_SECONDS = 0.5
"""Seconds that may be missing at the end of a file before it counts as cut off."""
_HIDDEN_PACKET_CODECS = ("vp8",)
"""Codecs whose packets need not each hold a visible frame; their frames are decoded to count."""
_LOOKED_AT = 8
"""Frames decoded at the start to see whether each has a packet of its own."""
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


def to_rgb(frame: Any, rotation: int) -> NDArray[np.uint8]:
    """RGB uint8 [height, width, 3] of a decoded frame, upright."""
    picture: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
    if rotation:
        picture = np.ascontiguousarray(np.rot90(picture, k=rotation // 90))
    return picture


def _count_frames(path: Path) -> list[int]:
    import av

    times: list[int] = []
    with open_container(path) as container:
        stream = video_stream(container, path)
        try:
            for frame in container.decode(stream):
                times.append(len(times) if frame.pts is None else frame.pts)
        except av.error.FFmpegError as error:
            raise damaged(path, len(times), error.strerror) from None
    return times


def _first_times(path: Path) -> list[int]:
    """Presentation times of the first decoded frames, ascending; shorter where decoding fails."""
    import av

    times: list[int] = []
    with open_container(path) as container:
        try:
            for frame in container.decode(video_stream(container, path)):
                if frame.pts is not None:
                    times.append(frame.pts)
                if len(times) == _LOOKED_AT:
                    break
        except av.error.FFmpegError:
            # The frame is named when it is read.
            return sorted(times)
    return sorted(times)


def _is_frame_a_packet(first: list[int], packets: list[int]) -> bool:
    """Whether packets can be counted as frames: not where each field of a frame has its own, or
    where the container's times are not the decoder's."""
    if not first:
        return True
    inside = sum(first[0] <= time <= first[-1] for time in packets)
    return set(first) <= set(packets) and inside < 1.5 * len(first)


def inspect(path: Path) -> VideoFacts:
    """Read a video's facts: every packet is looked at, one frame decoded.

    Raises InputError where the file is missing, no video, or its first frame cannot be decoded.
    """
    import av

    times: list[int] = []
    timed = True
    end = 0.0
    hidden_by_edit = 0
    with open_container(path) as container:
        stream = video_stream(container, path)
        time_base = Fraction(stream.time_base or Fraction(1, 1000))
        header_frames = int(stream.frames or 0)
        if "mov" in container.format.name and len(stream.index_entries):
            # Frames that no edit shows are in the header's number only.
            header_frames = min(header_frames, len(stream.index_entries))
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
                if packet.stream.index != stream.index:
                    continue
                if packet.is_discard:
                    hidden_by_edit += 1
                    continue
                timed = timed and packet.pts is not None
                times.append(packet.pts if packet.pts is not None else len(times))
        except av.error.FFmpegError as error:
            raise damaged(path, len(times), error.strerror) from None
    first_times = _first_times(path) if timed and not hidden else []
    if hidden or not _is_frame_a_packet(first_times, times):
        times, timed = _count_frames(path), True
    elif first_times:
        # Pictures whose keyframe lies before the file's start cannot be decoded.
        times = [time for time in times if time >= first_times[0]]
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
    expected = max(count, header_frames - hidden_by_edit) if not hidden else count
    if expected == count and duration > 0 and rate and end - start < duration - _CUT_SECONDS:
        expected = count + max(1, round((duration - (end - start)) * float(rate)))
    notes: list[tuple[str, str]] = []
    with open_container(path) as container:
        stream = video_stream(container, path)
        try:
            frame = next(container.decode(stream), None)
        except av.error.FFmpegError as error:
            raise damaged(path, 0, error.strerror) from None
        if frame is None:
            raise damaged(path, 0, "no picture came out of it")
        rotation = round(frame.rotation / 90) * 90 % 360
        width, height = frame.width, frame.height
        layout = frame.format
        # VP8 and VP9 keep it beside the picture, where their decoders leave it.
        beside = stream.metadata.get("alpha_mode") == "1"
        if beside or any(c.is_alpha for c in layout.components):
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
