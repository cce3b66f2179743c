"""The worst frame of a result, as pictures that a page holds."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.frames import Picture
from mf_backend.jobs.disk.folder import JobFolder

from ..shot_folder import ShotFolder, Take, read_shot

_QUALITY = 88
_AMPLIFIED = 2.0
_MARGIN = 40
"""Pixels around the actor that are shown."""


@dataclass(frozen=True)
class Still:
    """The part of one frame around the actor as clip, result, truth and their difference: addresses
    that hold the picture."""

    index: int
    psnr: float
    source: str
    result: str
    truth: str
    difference: str
    size: tuple[int, int]


def worst_still(shot: Mapping[str, Any], row: Mapping[str, Any]) -> Still | None:
    """The frame with the lowest PSNR of the union; None where films or result are gone."""
    values = [(v, i) for i, v in enumerate(row["frames"]["psnr"]) if v is not None]
    folder, job = Path(shot["folder"]), JobFolder(Path(row["job"]))
    if not values or not (folder / "shot.json").is_file():
        return None
    psnr, index = min(values)
    if not job.frame(index).is_file():
        return None
    filmed: ShotFolder = read_shot(folder)
    source, truth = (filmed.frame(take, index) for take in (Take.SOURCE, Take.TRUTH))
    result = read_image(job.frame(index))
    apart = np.abs(result.astype(np.float32) - truth) * _AMPLIFIED
    difference = np.clip(apart, 0, 255).astype(np.uint8)
    part = _around_actor(filmed, index)
    pictures = [address(p[part]) for p in (source, result, truth, difference)]
    height, width = source[part].shape[:2]
    return Still(index, psnr, *pictures, size=(width, height))


def _around_actor(shot: ShotFolder, index: int) -> tuple[slice, slice]:
    """The part of a frame that shows the actor where he was and where he should be."""
    either = np.maximum(*(shot.matte(take, index) for take in Take)) > 0
    rows, columns = (np.flatnonzero(either.any(axis=axis)) for axis in (1, 0))
    down, across = (
        slice(max(0, int(line[0]) - _MARGIN), int(line[-1]) + 1 + _MARGIN)
        for line in (rows, columns)
    )
    return down, across


def address(picture: Picture) -> str:
    """A picture as an address that holds it."""
    import cv2

    done, data = cv2.imencode(
        ".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    assert done
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
