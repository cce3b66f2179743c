"""The contact sheet: a row for each of some frames, from the footage to the result."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import open_clip, reference_for, write_png
from mf_backend.clip.picture_file import read_image
from mf_backend.contracts.conditions import load_conditions
from mf_backend.contracts.request import read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.skeleton.draw import draw_skeleton

COLUMNS = ("source", "source skeleton", "target skeleton", "source mask", "target mask", "result")
_WIDTH, _GAP, _HEAD = 240, 4, 28


def write(job: JobFolder, path: Path, truth: Path | None = None, rows: int = 6) -> None:
    """Write the sheet of a finished job, `rows` frames spread over the clip.

    `truth` is the folder with the frames of the right answer, where there are any.
    """
    conditions = load_conditions(job.conditions)
    indices = np.linspace(0, conditions.count - 1, min(rows, conditions.count)).round().astype(int)
    height = round(_WIDTH * conditions.size[1] / conditions.size[0])
    lines = [_heading(COLUMNS if truth is None else (*COLUMNS, "right answer"))]
    with (
        open_clip(read_request(job.request).reference) as clip,
        open_clip(reference_for(job.frames)) as result,
    ):
        for index in map(int, indices):
            source = clip.read(index)
            cells: tuple[NDArray[np.uint8], ...] = (
                source,
                _over(source, conditions.source_joints[index]),
                draw_skeleton(conditions.target_joints[index], conditions.size),
                _grey(conditions.grey("source_masks", index)),
                _grey(conditions.grey("target_masks", index)),
                result.read(index),
            )
            if truth is not None:
                cells = (*cells, read_image(truth / f"{index + 1:06d}.png"))
            small = [
                cv2.resize(cell, (_WIDTH, height), interpolation=cv2.INTER_AREA) for cell in cells
            ]
            lines.append(_beside(small))
    write_png(path, np.concatenate(lines))


def _over(picture: NDArray[np.uint8], joints: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The skeleton over the darkened picture."""
    skeleton = draw_skeleton(joints, (picture.shape[1], picture.shape[0]))
    drawn = skeleton.any(axis=-1, keepdims=True)
    return np.where(drawn, skeleton, picture // 3).astype(np.uint8)


def _grey(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(mask[..., None], 3, axis=2)


def _beside(cells: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    padded = [np.pad(cell, ((0, _GAP), (0, _GAP), (0, 0)), constant_values=40) for cell in cells]
    return np.concatenate(padded, axis=1)


def _heading(columns: tuple[str, ...]) -> NDArray[np.uint8]:
    line = np.full((_HEAD, (_WIDTH + _GAP) * len(columns), 3), 40, np.uint8)
    for column, text in enumerate(columns):
        place = (column * (_WIDTH + _GAP) + 8, _HEAD - 9)
        cv2.putText(line, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230,) * 3, 1, cv2.LINE_AA)
    return line
