"""The contact sheet of a conditioning folder: what was found, for people to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import write_png
from mf_backend.contracts.conditions import Conditions
from mf_backend.contracts.frames import FrameSource
from mf_backend.skeleton.draw import draw_skeleton

Picture = NDArray[np.uint8]

_ROWS = 8
_CELL = 256
"""Longest side of one picture."""
_HEADER = 22
_COLUMNS = ("source", "joints", "mask", "aligned target", "target mask")
_TINT = np.array([40, 200, 120], np.float32)


def chosen_frames(count: int, most: int = _ROWS) -> list[int]:
    """Up to `most` frames spread evenly over `count`."""
    picks = np.linspace(0, count - 1, min(count, most))
    return sorted({round(float(pick)) for pick in picks})


def tinted(picture: Picture, mask: Picture) -> Picture:
    """The picture with a mask laid over it: tinted inside, darkened outside."""
    share = mask.astype(np.float32)[..., None] / 255
    inside = 0.55 * picture + 0.45 * _TINT
    blended: Picture = np.round(share * inside + (1 - share) * 0.45 * picture).astype(np.uint8)
    return blended


def drawn_over(picture: Picture, joints: NDArray[Any], size: tuple[int, int]) -> Picture:
    """A skeleton drawn at the picture's own (reduced) size over the darkened picture.

    `joints` [60, 2] in pixels of `size`.
    """
    height, width = picture.shape[:2]
    scale = np.array([width, height]) / np.array(size)
    skeleton = draw_skeleton((np.asarray(joints, np.float64) + 0.5) * scale - 0.5, (width, height))
    shown: Picture = np.where(skeleton.any(axis=-1, keepdims=True), skeleton, picture // 2)
    return shown


def write_contact_sheet(path: Path, clip: FrameSource, conditions: Conditions) -> None:
    """Write the sheet as PNG: a row for each of some frames, a column for each thing."""
    import cv2

    width, height = clip.size
    scale = min(1.0, _CELL / max(width, height))
    cell = (max(1, round(width * scale)), max(1, round(height * scale)))
    rows: list[Picture] = [_header(cell[0])]
    for index in chosen_frames(clip.count):
        picture = cv2.resize(clip.read(index), cell, interpolation=cv2.INTER_AREA)
        source, target = (
            cv2.resize(conditions.grey(kind, index), cell, interpolation=cv2.INTER_AREA)
            for kind in ("source_masks", "target_masks")
        )
        cells = [
            picture.copy(),
            drawn_over(picture, conditions.source_joints[index], clip.size),
            tinted(picture, source),
            drawn_over(picture, conditions.target_joints[index], clip.size),
            tinted(picture, target),
        ]
        _write(cells[0], str(index), (4, cell[1] - 6))
        rows.append(np.hstack(cells))
    write_png(path, np.vstack(rows))


def _header(width: int) -> Picture:
    row = np.zeros((_HEADER, width * len(_COLUMNS), 3), np.uint8)
    for column, name in enumerate(_COLUMNS):
        _write(row, name, (column * width + 4, _HEADER - 7))
    return row


def _write(picture: Picture, text: str, place: tuple[int, int]) -> None:
    import cv2

    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(
            picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thickness, cv2.LINE_AA
        )
