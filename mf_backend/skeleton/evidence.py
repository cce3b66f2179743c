"""What a skeleton picture shows of each disc and limb, looked up by colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton import raster
from mf_backend.skeleton.draw import (
    BODY_COLOURS,
    HAND_DISC_COLOUR,
    HAND_LINE_COLOURS,
    LIMB_COLOURS,
    LIMB_HALF_WIDTH,
    limb_geometry,
)
from mf_backend.skeleton.joints import LIMBS

Place = tuple[float, float]

_PAD = 9
_FARTHEST = 4000
# A second place for a joint must show this much of its disc.
_LEAST_DISC = 12
_DISC_ROWS, _DISC_COLUMNS = (axis - 4 for axis in np.nonzero(raster.DISC.mask))


def _code(colour: tuple[int, ...]) -> int:
    return (colour[0] << 16) | (colour[1] << 8) | colour[2]


DISC_CODES = [_code(colour) for colour in BODY_COLOURS]
LIMB_CODES = [_code(colour) for colour in LIMB_COLOURS]
LINE_CODES = [_code(colour) for colour in HAND_LINE_COLOURS]
HAND_DISC_CODE = _code(HAND_DISC_COLOUR)
# Colours that a disc of the body shares with a part of a hand.
SHARED = {k for k, code in enumerate(DISC_CODES) if code in (*LINE_CODES, HAND_DISC_CODE)}

# What a pixel holds, in drawing order: limbs 1..17, discs 18..35, anything of a hand 36.
_FIRST_DISC = len(LIMBS) + 1
_HAND = _FIRST_DISC + len(DISC_CODES)


def codes_of(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    """R G B uint8 [H, W, 3] as one number a pixel, int32 [H, W]."""
    channels = picture.astype(np.int32)
    codes: NDArray[np.int32] = (channels[..., 0] << 16) | (channels[..., 1] << 8) | channels[..., 2]
    return codes


def _disc_sums(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each pixel, the sum of `values` over the disc about it; outside counts as 0."""
    height, width = values.shape
    padded = np.pad(values, 4)
    sums = np.zeros_like(values)
    for row, column in zip(_DISC_ROWS, _DISC_COLUMNS, strict=True):
        sums += padded[4 + row : 4 + row + height, 4 + column : 4 + column + width]
    return sums


class Evidence:
    """One picture, sorted by what was drawn where."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        self.codes = codes_of(picture)
        self.size = (picture.shape[1], picture.shape[0])
        self.layers = np.zeros(self.codes.shape, np.int64)
        drawn = np.flatnonzero(self.codes)
        tables = [
            *((code, 1 + k) for k, code in enumerate(LIMB_CODES)),
            *((code, _FIRST_DISC + k) for k, code in enumerate(DISC_CODES)),
            # Last: a colour that hands share may lie over anything.
            *((code, _HAND) for code in (*LINE_CODES, HAND_DISC_CODE)),
        ]
        known = dict(tables)
        order = np.array(sorted(known))
        values = self.codes.reshape(-1)[drawn]
        slots = np.minimum(np.searchsorted(order, values), len(order) - 1)
        numbers = np.array([known[int(code)] for code in order])[slots]
        self.layers.reshape(-1)[drawn] = np.where(order[slots] == values, numbers, 0)
        self._counts = np.bincount(self.layers.reshape(-1), minlength=_HAND + 1)
        self._limb_costs: dict[tuple[int, int, int, int, int], int] = {}

    def limb_pixels(self, limb: int) -> int:
        """Visible pixels of a limb."""
        return int(self._counts[1 + limb])

    def limb_places(self, limb: int) -> NDArray[np.float64]:
        """Visible pixels of a limb as (x, y), float64 [N, 2]."""
        rows, columns = np.nonzero(self.layers == 1 + limb)
        return np.stack([columns, rows], axis=1).astype(np.float64)

    def limb_cost(self, limb: int, a: Place, b: Place) -> int:
        """Pixels that a limb from `a` to `b` does not explain; at most `limb_pixels` + its area."""
        (x, y), half, degrees = limb_geometry(a, b)
        key = (limb, x, y, half, degrees)
        if key not in self._limb_costs:
            self._limb_costs[key] = self._limb_cost(limb, x, y, half, degrees)
        return self._limb_costs[key]

    def _limb_cost(self, limb: int, x: int, y: int, half: int, degrees: int) -> int:
        if half > _FARTHEST:
            return self.limb_pixels(limb)
        shape = raster.ellipse(half, LIMB_HALF_WIDTH, degrees)
        x, y = x + shape.left, y + shape.top
        x0, y0 = max(x, 0), max(y, 0)
        x1 = min(x + shape.mask.shape[1], self.size[0])
        y1 = min(y + shape.mask.shape[0], self.size[1])
        if x0 >= x1 or y0 >= y1:
            return self.limb_pixels(limb)
        mask = shape.mask[y0 - y : y1 - y, x0 - x : x1 - x]
        under = self.layers[y0:y1, x0:x1][mask]
        explained = int(np.count_nonzero(under == 1 + limb))
        # Whatever is drawn later may lie over it.
        claimed = int(np.count_nonzero(under < 1 + limb))
        return self.limb_pixels(limb) - explained + claimed

    def disc_denied(self, joint: int, place: Place) -> int:
        """Pixels of a joint's disc at `place` that show something which cannot lie over it."""
        columns = int(np.floor(place[0])) + _DISC_COLUMNS
        rows = int(np.floor(place[1])) + _DISC_ROWS
        inside = (columns >= 0) & (rows >= 0) & (columns < self.size[0]) & (rows < self.size[1])
        return int(
            np.count_nonzero(self.layers[rows[inside], columns[inside]] < _FIRST_DISC + joint)
        )

    def disc_candidates(self, joint: int, most: int) -> list[tuple[float, Place]]:
        """(score, place) of up to `most` places where a joint's disc may be, best first.

        A score is the pixels seen less three times those that deny it; a place is the disc's
        integer centre (the mean of equally good ones), also a little outside the picture.
        """
        own = np.pad(self.codes == DISC_CODES[joint], _PAD)
        rows, columns = np.nonzero(own)
        if not rows.size:
            return []
        top, left = max(int(rows.min()) - 5, 0), max(int(columns.min()) - 5, 0)
        box = np.s_[top : int(rows.max()) + 6, left : int(columns.max()) + 6]
        layers = np.pad(self.layers, _PAD, constant_values=_HAND)[box]
        own = own[box]
        wrong = (layers < _FIRST_DISC + joint) & ~own
        seen = _disc_sums(own.astype(np.int32))
        score = np.where(seen > 0, seen - 3 * _disc_sums(wrong.astype(np.int32)), -1)
        if joint in SHARED:
            # Of a hand's many discs try those first that a limb of this joint runs up to.
            limbs = [1 + k for k, pair in enumerate(LIMBS) if joint in pair]
            near = _disc_sums(_disc_sums(np.isin(layers, limbs).astype(np.int32)))
            score = np.where(score > 0, score + 50 * (near > 0), score)
        found: list[tuple[float, Place]] = []
        while len(found) < most:
            best = int(score.max())
            if best <= 0 or (found and best < _LEAST_DISC):
                break
            where = np.argwhere(score == best)
            # Equally good places next to each other are one disc, the rest come later.
            near = where[np.abs(where - where[0]).max(axis=1) <= 4]
            row, column = near.mean(axis=0)
            found.append((float(best), (column + left - _PAD, row + top - _PAD)))
            reach = 2 if joint in SHARED else 6
            y, x = int(row), int(column)
            score[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = -1
        return found
