"""Joints read back from skeleton pictures by their colours; the inverse of `draw`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton import raster
from mf_backend.skeleton.draw import (
    BODY_COLOURS,
    HAND_DISC_COLOUR,
    HAND_LINE_COLOURS,
    LIMB_COLOURS,
)
from mf_backend.skeleton.joints import BODY, JOINT_COUNT, LIMBS

Bools = NDArray[np.bool_]
Points = NDArray[np.float64]

_PAD = 5
_DISC_ROWS, _DISC_COLUMNS = (axis - 4 for axis in np.nonzero(raster.DISC.mask))


def _codes(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    channels = picture.astype(np.int32)
    codes: NDArray[np.int32] = (channels[..., 0] << 16) | (channels[..., 1] << 8) | channels[..., 2]
    return codes


def _code(colour: tuple[int, ...]) -> int:
    return (colour[0] << 16) | (colour[1] << 8) | colour[2]


_DISC_CODES = [_code(colour) for colour in BODY_COLOURS]
_LIMB_CODES = [_code(colour) for colour in LIMB_COLOURS]
_LINE_CODES = [_code(colour) for colour in HAND_LINE_COLOURS]
_HAND_DISC_CODE = _code(HAND_DISC_COLOUR)
# Colours that a disc of the body shares with a part of a hand.
_SHARED = {k for k, code in enumerate(_DISC_CODES) if code in (*_LINE_CODES, _HAND_DISC_CODE)}


def _disc_sums(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each pixel, the sum of `values` over the disc about it; outside counts as 0."""
    height, width = values.shape
    padded = np.pad(values, 4)
    sums = np.zeros_like(values)
    for row, column in zip(_DISC_ROWS, _DISC_COLUMNS, strict=True):
        sums += padded[4 + row : 4 + row + height, 4 + column : 4 + column + width]
    return sums


def _find_disc(k: int, codes: NDArray[np.int32], inside: Bools) -> Points | None:
    """Integer centre (mean of equally good ones) of body disc `k`; None where none is seen.

    `codes` is padded by `_PAD`; `inside` marks the pixels that belong to the picture.
    """
    own = codes == _DISC_CODES[k]
    rows, columns = np.nonzero(own)
    if not rows.size:
        return None
    box = np.s_[
        max(rows.min() - _PAD, 0) : rows.max() + _PAD + 1,
        max(columns.min() - _PAD, 0) : columns.max() + _PAD + 1,
    ]
    part, own = codes[box], own[box]
    # What may lie over this disc: later discs and everything of a hand. Anything else denies it.
    over = np.isin(part, [*_DISC_CODES[k + 1 :], *_LINE_CODES, _HAND_DISC_CODE])
    wrong = inside[box] & ~own & ~over
    score = _disc_sums(own.astype(np.int32) - 3 * wrong.astype(np.int32)).astype(np.float64)
    seen = _disc_sums(own.astype(np.int32))
    if k in _SHARED:
        # Prefer the place where this joint's limbs end.
        limbs = [_LIMB_CODES[i] for i, pair in enumerate(LIMBS) if k in pair]
        present = np.isin(codes, limbs)
        if present.any():
            near = _box_sums(present, 7)[box]
            score = np.where(near > 0, score + np.minimum(near, 8), -1.0)
        elif np.isin(codes, _LINE_CODES).any():
            return None
    score = np.where(seen > 0, score, -1.0)
    best = score.max()
    if best <= 0:
        return None
    where = np.argwhere(score >= best - 1e-9)
    corner = np.array([max(columns.min() - _PAD, 0), max(rows.min() - _PAD, 0)], np.float64)
    centre: Points = where.mean(axis=0)[::-1] + corner - _PAD
    return centre


def _box_sums(values: Bools, reach: int) -> NDArray[np.float64]:
    """Number of set pixels within `reach` rows and columns of each pixel."""
    sums = np.pad(values.astype(np.float64), reach + 1).cumsum(axis=0).cumsum(axis=1)
    span = 2 * reach + 1
    box: NDArray[np.float64] = (
        sums[span:, span:] - sums[:-span, span:] - sums[span:, :-span] + sums[:-span, :-span]
    )
    return box[: values.shape[0], : values.shape[1]]


def read_body(picture: NDArray[np.uint8]) -> Points:
    """Body joints float64 [18, 2] of one skeleton picture uint8 [H, W, 3] (R G B), NaN absent.

    A disc gives its joint to the pixel (drawing truncates), so the middle of that pixel's reach is
    returned: the integer centre plus 0.5.
    """
    codes = np.pad(_codes(picture), _PAD)
    inside = np.pad(np.ones(picture.shape[:2], np.bool_), _PAD)
    joints = np.full((BODY.stop, 2), np.nan)
    for k in range(BODY.stop):
        centre = _find_disc(k, codes, inside)
        if centre is not None:
            joints[k] = centre + 0.5
    return joints


def read_joints(picture: NDArray[np.uint8]) -> Points:
    """All joints float64 [60, 2] of one skeleton picture uint8 [H, W, 3] (R G B), NaN absent."""
    joints = np.full((JOINT_COUNT, 2), np.nan)
    joints[BODY] = read_body(picture)
    return joints
