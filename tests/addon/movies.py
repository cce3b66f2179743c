"""Small real video files."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np


def write_movie(path: Path, pictures: Path, fps: int, sound: bool) -> Path:
    """An mp4 of a folder's pictures, with a quiet tone where `sound` is set."""
    files = sorted(pictures.iterdir())
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=fps)
        first = cv2.imdecode(np.fromfile(files[0], np.uint8), cv2.IMREAD_COLOR)
        video.height, video.width = first.shape[:2]
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=48000) if sound else None
        for file in files:
            picture = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_COLOR)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio is not None:
            total = 48000 * len(files) // fps
            for begin in range(0, total - total % 1024, 1024):
                wave = np.sin(np.arange(begin, begin + 1024) * 0.05) * 0.1
                sample = av.AudioFrame.from_ndarray(
                    wave[None].astype(np.float32), format="fltp", layout="mono"
                )
                sample.sample_rate = 48000
                sample.pts = begin
                sample.time_base = Fraction(1, 48000)
                container.mux(audio.encode(sample))
            container.mux(audio.encode())
    return path
