"""How a silhouette becomes a shadow: by a lamp onto the floor, or onto a wall behind.

The actor is taken for an upright board that faces the camera. A lamp's shadow of a board on a plane
is the board by a homography that keeps the line where the board stands; on a wall that is parallel
to the board it is the board moved and scaled. Both are few numbers, measured on the clip.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

_FLOOR_LOW, _CONTACT_HIGH = 0.14, 0.12
"""A body's lowest part whose dark touches the floor: height kept, and how much it is pressed."""

_FADE = 0.03
"""Share of the longer side over which a shadow ends that is not known to go on."""

_SOFTER = (0.35, 1.0, 1.65)
"""Blur of a floor shadow's edge over the usual one: what feet, middle and head cast."""
_FEWEST_ROWS = 12
_SMALLEST = 0.2
"""How much a shadow may grow up to the wall: its size there divides by this at least."""


class Onto(StrEnum):
    """What the shadow falls on."""

    FLOOR = "floor"
    WALL = "wall"


@dataclass(frozen=True)
class Throw:
    """One shadow's way, in shares of the picture's longer side, from its middle and the feet.

    Floor: a point `h` above the feet falls `along * h` to the right and `down * h` below, both
    divided by 1 + `farther` * h; `drop` moves the line where the board stands downwards.
    Wall: the board scaled by 1 + `farther` and moved by (`along`, `down`).
    A floor that ends at a wall, parallel to the board, bears what lies below the height `fold`; the
    wall bears the rest, and goes on where the floor ends. 0 for a floor without end.
    """

    onto: Onto
    along: float
    down: float
    farther: float = 0.0
    drop: float = 0.0
    fold: float = 0.0

    def beyond_fold(self) -> Throw:
        """The throw of what lies above `fold`, onto the wall at which the floor ends."""
        size = 1 / max(1 + self.farther * self.fold, _SMALLEST)
        low = size * self.fold
        return Throw(Onto.WALL, low * self.along, low * (1 + self.down) + self.drop, size - 1)

    def heights(self, points: Matrix, shape: tuple[int, ...], feet: float) -> NDArray[np.float64]:
        """Height above the feet [n], as a share of the longer side, of what casts its shadow on
        pixels `points` [n, 2]."""
        found = self._heights(points, shape, feet)
        if self.fold:
            above = self.beyond_fold()._heights(points, shape, feet)
            found = np.where(found > self.fold, above, found)
        return found

    def _heights(self, points: Matrix, shape: tuple[int, ...], feet: float) -> NDArray[np.float64]:
        back = np.linalg.inv(self.matrix(shape, feet))
        cast = np.column_stack([points, np.ones(len(points))]) @ back.T
        return np.asarray((feet - cast[:, 1] / cast[:, 2]) / max(shape), np.float64)

    def matrix(self, shape: tuple[int, ...], feet: float) -> Matrix:
        """Homography [3, 3] from the silhouette's pixels to the shadow's; `feet` is a row. Of what
        lies above a `fold` see `beyond_fold`."""
        height, width = shape[:2]
        side = float(max(height, width))
        middle = (width - 1) / 2
        to_board = np.array([[1 / side, 0, -middle / side], [0, -1 / side, feet / side], [0, 0, 1]])
        back = np.array([[side, 0, middle], [0, side, feet], [0, 0, 1.0]])
        if self.onto is Onto.WALL:
            size = 1 + self.farther
            turn = np.array([[size, 0, self.along], [0, -size, self.down], [0, 0, 1.0]])
        else:
            turn = np.array(
                [
                    [1, self.along, 0],
                    [0, self.down + self.drop * self.farther, self.drop],
                    [0, self.farther, 1],
                ]
            )
        return np.asarray(back @ turn @ to_board, np.float64)

    def cast(self, silhouette: Floats, feet: float) -> Floats:
        """Where the shadow of a silhouette [H, W] 0..1 falls, hard, 0..1."""
        import cv2

        height, width = silhouette.shape
        if self.fold:
            above = feet - np.arange(height) - self.fold * max(height, width)
            low = np.clip(0.5 - above / 2, 0, 1).astype(np.float32)[:, None]
            floor = replace(self, fold=0.0).cast(np.asarray(silhouette * low, np.float32), feet)
            wall = self.beyond_fold().cast(np.asarray(silhouette * (1 - low), np.float32), feet)
            return np.asarray(np.minimum(floor + wall, 1), np.float32)
        return np.asarray(
            cv2.warpPerspective(silhouette, self.matrix(silhouette.shape, feet), (width, height)),
            np.float32,
        )

    def fallen(self, silhouette: Floats, feet: float, soft: float) -> Floats:
        """The same as it is seen, 0..1. A lamp has a width: on a floor the shadow's edge is the
        softer the higher what casts it, about a mean of `soft`, a share of the longer side."""
        side = max(silhouette.shape)
        rows = np.flatnonzero(silhouette.max(axis=1) > 0.5)
        if self.onto is Onto.WALL or not rows.size or feet - rows[0] < _FEWEST_ROWS:
            return _blurred(self.cast(silhouette, feet), soft * side)
        height = (feet - np.arange(len(silhouette))) / (feet - rows[0]) * (len(_SOFTER) - 1)
        whole = np.zeros_like(silhouette)
        for place, softer in enumerate(_SOFTER):
            # Shares of the rows that fade into each other, and are 1 together.
            share = np.clip(1 - np.abs(np.clip(height, 0, len(_SOFTER) - 1) - place), 0, 1)
            part = np.asarray(silhouette * share[:, None], np.float32)
            whole += _blurred(self.cast(part, feet), softer * soft * side)
        return np.minimum(whole, 1)


def _blurred(values: Floats, sigma: float) -> Floats:
    import cv2

    return np.asarray(cv2.GaussianBlur(values, (0, 0), max(0.5, sigma)), np.float32)


@dataclass(frozen=True)
class ShadowModel:
    """All that a target's shadow is made of."""

    throws: tuple[Throw, ...]
    strengths: tuple[tuple[float, float, float], ...]
    """For each throw the share of each channel's light that is taken in full shadow."""
    softness: tuple[float, ...]
    """Blur of each throw's shadow, sigma as a share of the longer side."""
    contact: tuple[float, float, float]
    """The same share right under the feet, of a small soft spot; zeros for none."""
    deepest: tuple[float, float, float]
    """The most of each channel's light that is taken anywhere."""
    reach: float = 0.0
    """Height above the feet up to which the shadow's way is known, as a share of the longer side: a
    floor ends, and the shadow goes on elsewhere. 0 for any height."""

    def darkness(self, silhouette: Floats, feet: float) -> Floats:
        """Share of the light that is taken, float32 [H, W, 3], of a silhouette [H, W] 0..1."""
        side = max(silhouette.shape)
        if self.reach:
            above = feet - np.arange(len(silhouette)) - self.reach * side
            low = np.clip(1 - above / (_FADE * side), 0, 1)[:, None]
            silhouette = np.asarray(silhouette * low, np.float32)
        light = np.ones((*silhouette.shape, 3), np.float32)
        for throw, strength, soft in zip(self.throws, self.strengths, self.softness, strict=True):
            fallen = throw.fallen(silhouette, feet, soft)
            light *= 1 - fallen[..., None] * np.array(strength, np.float32)
        if any(self.contact):
            spot = contact_spot(silhouette, feet)
            light *= 1 - spot[..., None] * np.array(self.contact, np.float32)
        return np.asarray(np.minimum(1 - light, np.array(self.deepest)), np.float32)


NO_SHADOW = ShadowModel((), (), (), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
"""Casts nothing."""


def contact_spot(silhouette: Floats, feet: float) -> Floats:
    """The soft dark [H, W] 0..1 that feet have about them on any floor, whatever the light."""
    import cv2

    rows = np.flatnonzero(silhouette.max(1) > 0.5)
    if not rows.size:
        return np.zeros_like(silhouette)
    tall = max(8.0, feet - rows[0])
    low = silhouette.copy()
    low[: max(0, round(feet - _FLOOR_LOW * tall))] = 0
    press = np.array([[1, 0, 0], [0, _CONTACT_HIGH, feet * (1 - _CONTACT_HIGH)], [0, 0, 1.0]])
    height, width = silhouette.shape
    flat = cv2.warpPerspective(low, press, (width, height))
    flat = cv2.GaussianBlur(
        flat, (0, 0), sigmaX=max(1.0, 0.03 * tall), sigmaY=max(0.7, 0.012 * tall)
    )
    return np.asarray(np.clip(flat, 0, 1), np.float32)


def floor_lines(lowest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows [frames] on which the feet stand, of the lowest row of each mask (NaN where nobody is).

    A foot that is lifted leaves the floor where it was.
    """
    count = len(lowest)
    lines = np.full(count, np.nan)
    for index in range(count):
        near = lowest[max(0, index - _LIFTED) : index + _LIFTED + 1]
        if np.isfinite(lowest[index]):
            lines[index] = np.nanpercentile(near, 80)
    return lines


_LIFTED = 3
"""Frames before and after in which a lifted foot stood."""
