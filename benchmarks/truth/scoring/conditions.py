"""Figures of a job's conditions: its joints and masks against the true ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import Conditions
from mf_backend.skeleton.joints import BODY

from ..shot_folder import ShotFolder, Take

NEAR = 0.05
"""Of the person's height: what PCK counts as right."""
_HALF = 128


def score_conditions(conditions: Conditions, shot: ShotFolder) -> dict[str, dict[str, float]]:
    """`target` and `source` joints (see score_joints), and IoU of both masks."""
    told = {
        "target_joints": score_joints(conditions.target_joints, shot.joints(Take.TRUTH), shot.size),
        "source_joints": score_joints(
            conditions.source_joints, shot.joints(Take.SOURCE), shot.size
        ),
    }
    masks = {
        name: mean_overlap(
            shot.count,
            lambda i, kind=kind: conditions.grey(kind, i),  # type: ignore[misc]
            lambda i, take=take: shot.matte(take, i),  # type: ignore[misc]
        )
        for name, kind, take in (
            ("source_iou", "source_alpha", Take.SOURCE),
            ("target_iou", "target_alpha", Take.TRUTH),
        )
    }
    told["masks"] = {name: value for name, value in masks.items() if value is not None}
    return told


def score_joints(
    found: NDArray[np.float32], true: NDArray[np.float32], size: tuple[int, int]
) -> dict[str, float]:
    """The body's joints [frames, 60, 2] against the true ones that lie in the picture.

    `error`: mean distance in pixels of a picture whose longer side has 512; `pck`: share within
    NEAR of the person's height, an absent joint being wrong; `scale`: size of the skeletons over
    the true ones' (root mean square distance of a frame's joints from their middle), `scale_error`
    how far that is from 1; `aside` and
    `below`: mean offset in those pixels.
    """
    found, true = (joints[:, BODY].astype(np.float64) for joints in (found, true))
    with np.errstate(invalid="ignore"):
        good = ((true >= 0) & (true <= np.array(size) - 1)).all(axis=-1)
    if not good.any():
        return {}
    unit = 512 / max(size)
    distance = np.linalg.norm(found - true, axis=-1) * unit
    height = _height(true) * unit
    told = {"pck": float((np.nan_to_num(distance[good], nan=np.inf) <= NEAR * height).mean())}
    both = good & np.isfinite(distance)
    if not both.any():
        return told
    offset = (found - true)[both].mean(axis=0) * unit
    told |= {
        "error": float(distance[both].mean()),
        "aside": float(offset[0]),
        "below": float(offset[1]),
    }
    spreads = np.array([_spread(f[b], t[b]) for f, t, b in zip(found, true, both, strict=True)])
    if spreads[:, 1].sum() > 0:
        told["scale"] = float(np.sqrt(spreads[:, 0].sum() / spreads[:, 1].sum()))
        told["scale_error"] = abs(told["scale"] - 1)
    return told


def _height(joints: NDArray[np.float64]) -> float:
    """Median vertical extent of joints [frames, 18, 2]."""
    y = joints[..., 1]
    y = y[np.isfinite(y).any(axis=1)]
    return float(np.median(np.nanmax(y, axis=1) - np.nanmin(y, axis=1)))


def _spread(found: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, float]:
    """Sum of squared distances from their middle of a frame's joints [n, 2]."""
    if len(true) < 2:
        return 0.0, 0.0
    one, other = (float(((j - j.mean(axis=0)) ** 2).sum()) for j in (found, true))
    return one, other


def mean_overlap(
    count: int,
    found: Callable[[int], NDArray[np.uint8]],
    true: Callable[[int], NDArray[np.uint8]],
) -> float | None:
    """Mean intersection over union of masks; frames in which both are empty tell nothing."""
    values = []
    for index in range(count):
        a, b = found(index) >= _HALF, true(index) >= _HALF
        if union := (a | b).sum():
            values.append(float((a & b).sum() / union))
    return float(np.mean(values)) if values else None
