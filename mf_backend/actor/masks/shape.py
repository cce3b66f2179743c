"""Keeping the followed person in a matte, and checking that a mask is that person's at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import JOINT_INDEX, LIMBS

Matte = NDArray[np.uint8]
Floats = NDArray[np.float64]

THRESHOLD = 146
"""Mattes from this value on are person in the hard mask; best on the reference cases."""
_TORSO = tuple(
    JOINT_INDEX[name]
    for name in ("nose", "neck", "right_shoulder", "left_shoulder", "right_hip", "left_hip")
)
_NEEDED = 0.6
_SMALLEST, _LARGEST = 0.03, 0.75
"""Usual area of a person in parts of the picture."""
_BODY_FILL = 0.12
"""Least part of the box around the joints that a person fills, where they are small or cut off."""
_WORK = 384
"""Longest side at which pixels are given to people."""
_LIMB_WIDTH = 0.09
"""Thickness of a drawn limb in parts of the person's height."""


class Verdict(StrEnum):
    """What a check of a mask says."""

    GOOD = "good"
    INVERTED = "inverted"
    ELSEWHERE = "elsewhere"
    AREA = "area"
    EMPTY = "empty"


@dataclass(frozen=True)
class Check:
    """A verdict and the figures behind it."""

    verdict: Verdict
    inside: float
    """Part of nose, neck, shoulders and hips inside the mask; 1 where none is known."""
    area: float
    """Part of the picture that the mask covers."""


def _torso_inside(mask: NDArray[np.bool_], joints: Floats) -> float:
    points = joints[list(_TORSO)]
    points = points[np.isfinite(points).all(axis=-1)]
    if not len(points):
        return 1.0
    height, width = mask.shape
    x = np.clip(np.round(points[:, 0]).astype(int), 0, width - 1)
    y = np.clip(np.round(points[:, 1]).astype(int), 0, height - 1)
    return float(mask[y, x].mean())


def check_mask(hard: NDArray[np.bool_], joints: NDArray[Any]) -> Check:
    """Whether a mask [height, width] can be that of the person with `joints` [60, 2].

    At least 60 % of nose, neck, shoulders and hips inside, an area of 3 to 75 % of the picture;
    people whose joints take less than a tenth of the picture may be smaller.
    """
    body = np.asarray(joints, np.float64)[:18]
    area = float(hard.mean())
    known = body[np.isfinite(body).all(axis=-1)]
    share = _torso_inside(hard, body)
    if not hard.any():
        return Check(Verdict.EMPTY, share, area)
    if not len(known):
        return Check(Verdict.GOOD if area <= _LARGEST else Verdict.AREA, share, area)
    if share < _NEEDED:
        opposite = _torso_inside(~hard, body)
        inverted = opposite >= _NEEDED and _border_share(hard) > 0.5
        return Check(Verdict.INVERTED if inverted else Verdict.ELSEWHERE, share, area)
    box = float(np.prod((np.ptp(known, axis=0) + 1) / hard.shape[::-1]))
    smallest = _SMALLEST if box > 0.1 else min(_SMALLEST, _BODY_FILL * box)
    good = smallest <= area <= _LARGEST
    return Check(Verdict.GOOD if good else Verdict.AREA, share, area)


def _border_share(hard: NDArray[np.bool_]) -> float:
    edge = np.concatenate([hard[0], hard[:, 0], hard[:, -1]])
    return float(edge.mean())


def skeleton_distance(body: Floats, size: tuple[int, int], thickness: int) -> NDArray[np.float32]:
    """Pixels' distance from a skeleton drawn with thick limbs, float32 [height, width]."""
    import cv2

    drawn = np.full((size[1], size[0]), 255, np.uint8)
    for a, b in LIMBS:
        ends = body[[a, b]]
        if np.isfinite(ends).all():
            p, q = (tuple(int(v) for v in np.round(end)) for end in ends)
            cv2.line(drawn, p, q, 0, thickness)
    if drawn.all():
        return np.full(drawn.shape, np.inf, np.float32)
    distance: NDArray[np.float32] = cv2.distanceTransform(drawn, cv2.DIST_L2, 3)
    return distance


def extent_of(body: Floats) -> float:
    """The longer side of the box about known joints [n, 2], pixels; 0 where fewer than two are."""
    known = body[np.isfinite(body).all(axis=-1)]
    return float(np.ptp(known, axis=0).max()) if len(known) > 1 else 0.0


def keep_person(matte: Matte, joints: NDArray[Any], others: NDArray[Any]) -> Matte:
    """The followed person's part of a matte of everybody, uint8 [height, width].

    `joints` [60, 2] are theirs, `others` [people, 18, 2] those of the rest (NaN absent). Pixels go
    to the nearest skeleton; pieces that touch neither the person's skeleton nor its surroundings
    are dropped. Without joints the matte is returned empty.
    """
    import cv2

    body = np.asarray(joints, np.float64)[:18]
    extent = extent_of(body)
    if extent == 0:
        return np.zeros_like(matte)
    height, width = matte.shape
    scale = min(1.0, _WORK / max(width, height))
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    factor = np.array(small) / np.array([width, height])
    thickness = max(1, round(_LIMB_WIDTH * extent * scale))
    own = skeleton_distance(body * factor, small, thickness)
    weight = np.ones(own.shape, np.float32)
    for other in np.asarray(others, np.float64):
        size = extent_of(other)
        if size > 0.15 * extent:
            thick = max(1, round(_LIMB_WIDTH * size * scale))
            # A soft border between two people, a few pixels wide.
            nearer = skeleton_distance(other * factor, small, thick) - own
            weight = np.minimum(weight, np.clip(0.5 + nearer / 6, 0, 1))
    rough = cv2.resize(matte, small, interpolation=cv2.INTER_AREA).astype(np.float32) * weight
    number, labels = cv2.connectedComponents((rough > 64).astype(np.uint8), connectivity=8)
    near = own <= 0.06 * extent * scale
    touched = np.zeros(number, dtype=bool)
    touched[np.unique(labels[near & (labels > 0)])] = True
    touched[0] = True
    dropped = (~touched)[labels]
    if not dropped.any() and bool((weight == 1).all()):
        return matte
    # The faint fringe of a dropped piece goes with it.
    fringe = cv2.dilate(dropped.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    weight[dropped | (fringe & (labels == 0))] = 0
    full = cv2.resize(weight, (width, height), interpolation=cv2.INTER_LINEAR)
    kept: Matte = np.round(matte * full).astype(np.uint8)
    return kept


def soften(hard: Matte) -> Matte:
    """A matte for a mask that has hard edges: a ramp of about four pixels about the same edge."""
    import cv2

    if np.isin(hard, (0, 255)).mean() < 0.995:
        return hard
    blurred: Matte = cv2.GaussianBlur(hard, (0, 0), 1.0)
    return np.where(hard >= 128, np.maximum(blurred, 128), np.minimum(blurred, 127))


def widen(mask: NDArray[np.bool_], pixels: float) -> NDArray[np.bool_]:
    """A hard mask [H, W] grown by `pixels` of a picture whose shorter side is 512."""
    import cv2

    reach = round(pixels * max(1.0, min(mask.shape) / 512))
    if not reach:
        return mask
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0, np.bool_)


def outline(joints: NDArray[Any], size: tuple[int, int]) -> Matte:
    """A stand-in mask, uint8 [height, width]: the skeleton of `joints` [60, 2] with thick limbs."""
    import cv2

    body = np.asarray(joints, np.float64)[:18]
    extent = extent_of(body)
    if extent == 0:
        return np.zeros((size[1], size[0]), np.uint8)
    distance = skeleton_distance(body, size, max(1, round(_LIMB_WIDTH * extent)))
    drawn = (distance <= 0.02 * extent).astype(np.uint8) * np.uint8(255)
    blurred: Matte = cv2.GaussianBlur(drawn, (0, 0), max(1.0, 0.004 * extent))
    return blurred
