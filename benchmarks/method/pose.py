"""Whether the person who was painted takes the pose: the backend's own estimator looks."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.clip import open_clip, reference_for, write_png
from mf_backend.conditioning.base import ConditionContext, TargetMotion
from mf_backend.conditioning.stage_files import load_source
from mf_backend.conditioning.stages import STAGES
from mf_backend.contracts.frames import Picture
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import Settings
from mf_backend.skeleton.joints import BODY

_SIDE = 512
"""Pixels to which pictures are enlarged: the estimator knows no people of a hundred."""
_NEAR = 0.1
"""Of the person's height: what counts as right."""


def pck(pictures: Sequence[Picture], true: NDArray[np.float32]) -> float:
    """Share of the body's joints `true` [frames, 60, 2] in the pictures that are found there."""
    height, width = pictures[0].shape[:2]
    enlarged = max(1, round(_SIDE / max(height, width)))
    stage = next(stage for stage in STAGES if stage.name == "joints")
    with tempfile.TemporaryDirectory() as folder:
        frames, work = Path(folder, "frames"), Path(folder, "work")
        work.mkdir()
        for index, picture in enumerate(pictures, 1):
            size = (width * enlarged, height * enlarged)
            large = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
            write_png(frames / f"{index:06d}.png", np.asarray(large, np.uint8))
        with open_clip(reference_for(frames)) as clip:
            target = TargetMotion(joints=None, size=(0, 0))
            stage.run(ConditionContext(clip, Settings(), target, work), NullReporter())
        found = (load_source(work)[0][:, BODY] + 0.5) / enlarged - 0.5
    return share_right(found, true[:, BODY], (width, height))


def share_right(
    found: NDArray[np.floating[Any]],
    wanted: NDArray[np.floating[Any]],
    size: tuple[int, int],
    near: float = _NEAR,
) -> float:
    """Share of the joints `wanted` [frames, 18, 2] within pictures of `size` (width, height) that
    were `found` within `near` of the person's height; one that was not found is wrong."""
    with np.errstate(invalid="ignore"):
        inside = ((wanted >= 0) & (wanted <= np.array(size) - 1)).all(axis=-1)
    tall = np.nanmedian(np.nanmax(wanted[..., 1], axis=1) - np.nanmin(wanted[..., 1], axis=1))
    away = np.nan_to_num(np.linalg.norm(found - wanted, axis=-1), nan=np.inf)
    return float((away[inside] <= near * tall).mean())
