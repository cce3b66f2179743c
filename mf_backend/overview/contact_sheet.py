"""Small pictures of a take: some frames of the clip and of the result, as JPEG data."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import Clip, open_clip
from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.errors import MFError
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.overview.listing import ListedJob

_LONGEST_SIDE = 160
_JPEG_QUALITY = 72
_MOMENTS = (0.2, 0.5, 0.8)
"""Where in the take frames are looked at."""


@dataclass(frozen=True)
class Thumbnail:
    """One small picture, as an address that holds it."""

    label: str
    uri: str
    size: tuple[int, int]


def thumbnails(job: ListedJob) -> list[Thumbnail]:
    """Pairs of clip and result of the frames that are there; empty where there are none yet."""
    folder = JobFolder(job.folder)
    numbers = sorted(int(path.stem) for path in folder.frames.glob("[0-9]*.png") if path.is_file())
    chosen = {numbers[int(moment * (len(numbers) - 1))] for moment in _MOMENTS if numbers}
    with ExitStack() as stack:
        clip = None
        if chosen and job.request is not None:
            # Elsewhere mounted or moved: the result is worth a look without it.
            with suppress(MFError, OSError):
                clip = stack.enter_context(open_clip(job.request.reference))
        return [t for number in sorted(chosen) for t in _pair(folder, clip, number)]


def _pair(folder: JobFolder, clip: Clip | None, number: int) -> Iterator[Thumbnail]:
    if clip is not None and number <= clip.count:
        with suppress(MFError, OSError):
            yield _small(clip.read(number - 1), f"clip, frame {number}")
    with suppress(MFError, OSError):
        yield _small(read_image(folder.frame(number - 1)), f"result, frame {number}")


def _small(picture: NDArray[np.uint8], label: str) -> Thumbnail:
    import cv2

    height, width = picture.shape[:2]
    scale = min(1.0, _LONGEST_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[..., ::-1]
    data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
    return Thumbnail(label, f"data:image/jpeg;base64,{base64.b64encode(data).decode()}", size)
