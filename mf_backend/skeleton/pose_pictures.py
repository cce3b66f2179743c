"""Joints from skeleton pictures as users have them: drawn exactly, or resized and so blurred."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.draw import (
    BODY_COLOURS,
    HAND_DISC_COLOUR,
    HAND_LINE_COLOURS,
    LIMB_COLOURS,
)
from mf_backend.skeleton.joints import BODY, JOINT_COUNT, LIMBS
from mf_backend.skeleton.read_back import read_joints

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

_EXACT = 0.9
"""Part of the drawn pixels that must have the very colours of a skeleton picture."""
_NEAR_DISC, _NEAR_LIMB = 48, 30
"""Largest difference of a channel from a disc's and a limb's colour."""
_SMALLEST = 6
"""Pixels of a disc that must be seen."""
_SPECK = 30
"""Pixels of a limb's colour that must hang together."""
_AROUND = 4
"""Pixels about a disc in which its limbs must begin."""


def _codes(picture: Picture) -> NDArray[np.int64]:
    channels = picture.astype(np.int64)
    codes: NDArray[np.int64] = (channels[..., 0] << 16) | (channels[..., 1] << 8) | channels[..., 2]
    return codes


def exactly_drawn(picture: Picture) -> bool:
    """Whether RGB `picture` has the exact colours of a drawn skeleton, as no resized one has."""
    palette = np.array([*BODY_COLOURS, *LIMB_COLOURS, *HAND_LINE_COLOURS, HAND_DISC_COLOUR])
    drawn = _codes(picture[picture.any(axis=-1)])
    if not drawn.size:
        return True
    return bool(np.isin(drawn, _codes(palette.astype(np.uint8))).mean() >= _EXACT)


def _near(picture: NDArray[np.int16], colour: tuple[int, ...], most: int) -> NDArray[np.bool_]:
    difference = np.abs(picture - np.array(colour, np.int16)).max(axis=-1)
    near: NDArray[np.bool_] = difference <= most
    return near


def _without_specks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Only pieces as large as part of a limb: edges between other colours give small ones."""
    import cv2

    number, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= _SPECK
    large[0] = False
    kept: NDArray[np.bool_] = large[labels] if number > 1 else np.zeros_like(mask)
    return kept


def read_blurred(picture: Picture) -> Floats:
    """Body joints [60, 2] of a resized skeleton picture; hands stay NaN.

    A joint is the middle of the largest spot of its disc's colour at which limbs of its own begin.
    """
    import cv2

    joints = np.full((JOINT_COUNT, 2), np.nan)
    channels = picture.astype(np.int16)
    limbs = [_without_specks(_near(channels, colour, _NEAR_LIMB)) for colour in LIMB_COLOURS]
    kernel = np.ones((2 * _AROUND + 1,) * 2, np.uint8)
    for joint in range(BODY.stop):
        spots = _near(channels, BODY_COLOURS[joint], _NEAR_DISC).astype(np.uint8)
        number, labels, stats, centres = cv2.connectedComponentsWithStats(spots, connectivity=8)
        own = [limbs[k] for k, ends in enumerate(LIMBS) if joint in ends]
        best = 0.0
        for label in range(1, number):
            x, y, width, height, area = stats[label]
            if area < _SMALLEST:
                continue
            box = np.s_[
                max(0, y - _AROUND) : y + height + _AROUND,
                max(0, x - _AROUND) : x + width + _AROUND,
            ]
            reach = cv2.dilate((labels[box] == label).astype(np.uint8), kernel) > 0
            begun = sum(min(int((limb[box] & reach).sum()), 30) for limb in own)
            if begun < 3:
                continue
            score = 10.0 * begun + min(float(area), 60.0)
            if score > best:
                best = score
                # Discs are drawn at truncated places: half a pixel is lost on the average.
                joints[joint] = centres[label] + 0.5
    return joints


def read_pose_picture(picture: Picture) -> Floats:
    """Joints [60, 2] of an RGB skeleton picture, NaN absent."""
    joints: Floats = read_joints(picture) if exactly_drawn(picture) else read_blurred(picture)
    return joints
