"""Cloth that hangs about both legs: a skirt, a dress, a long coat.

Its own coordinates are the share of the way down the legs, 0 at the hips, 1 at the knees and 2 at
the ankles, and the side: -1 at its left edge in the picture, 1 at its right one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.whole_skeleton import MID_HIP, Points

Floats = NDArray[np.float32]

SHARES = np.round(np.arange(-0.25, 2.001, 0.05), 2)
"""The levels at which cloth is measured; the first ones lie above the hips."""
_BELOW = 0.15
"""Share of the legs below the hem to which levels are laid."""
_THIGH = 0.9
"""Length of a thigh in torso lengths: how far apart the levels above the hips are."""
_PULL = 0.2
"""How much the trunk's direction adds to the legs', which may point away from each other."""
_AROUND = 4
"""Levels over which the direction goes over from thigh to shin, on either side."""
_LEGS = ((8, 9, 10), (11, 12, 13))


@dataclass(frozen=True)
class Skirt:
    """The cloth's size."""

    hem: float
    """Share of the legs' way at which it ends."""
    half: Points
    """[levels] pixels from the outer leg's axis to the cloth's edge at SHARES."""

    def scaled(self, factor: float) -> Skirt:
        """The same cloth seen `factor` times as large."""
        return Skirt(self.hem, self.half * factor)


@dataclass(frozen=True)
class Levels:
    """The cloth in one pose: lines across both legs, from the hips down to a little below it."""

    shares: Points
    """[n]."""
    middle: Points
    """[n, 2] where a line's middle lies, in pixels."""
    across: Points
    """[n, 2] from there to its right end in the picture."""

    def places(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Share and side of the pixels at x, y."""
        step = self.shares[1] - self.shares[0]
        under = np.stack([
            np.float32(a[0]) * (y - np.float32(m[1])) - np.float32(a[1]) * (x - np.float32(m[0]))
            for m, a in zip(self.middle, self.across, strict=True)
        ])  # fmt: skip
        above = np.clip((under >= 0).sum(0) - 1, 0, len(self.shares) - 2)
        first, second = (
            np.take_along_axis(under, (above + k)[None], axis=0)[0] for k in (0, 1)
        )  # fmt: skip
        between = first / np.maximum(first - second, 1e-3)
        share = self.shares[0] + step * (above + np.clip(between, -8, 9))
        middle, across = self._at(share)
        dx, dy = x - middle[..., 0], y - middle[..., 1]
        length2 = np.maximum((across**2).sum(-1), 1.0)
        side = (dx * across[..., 0] + dy * across[..., 1]) / length2
        return share.astype(np.float32), side.astype(np.float32)

    def spots(self, share: Floats, side: Floats) -> Floats:
        """Where pixels of these coordinates lie, [..., 2]."""
        middle, across = self._at(share)
        return np.asarray(middle + side[..., None] * across, np.float32)

    def _at(self, share: NDArray[Any]) -> tuple[Points, Points]:
        values = [
            np.interp(share, self.shares, column)
            for column in (*self.middle.T, *self.across.T)
        ]  # fmt: skip
        # Beyond its two ends the cloth goes on as it was there.
        beyond = share - np.clip(share, self.shares[0], self.shares[-1])
        low = beyond < 0
        for k in (0, 1):
            slopes = [
                (self.middle[b, k] - self.middle[a, k]) / (self.shares[b] - self.shares[a])
                for a, b in ((0, 1), (-2, -1))
            ]
            values[k] = values[k] + beyond * np.where(low, slopes[0], slopes[1])
        return np.stack(values[:2], -1), np.stack(values[2:], -1)


def legs_at(points: Points, shares: Points) -> tuple[Points, Points]:
    """The axes of the right and the left leg of a skeleton [24, 2] at shares [n], each [n, 2]."""
    up = (points[MID_HIP] - points[1]) * _THIGH
    axes = []
    for hip, knee, ankle in _LEGS:
        thigh, shin = points[knee] - points[hip], points[ankle] - points[knee]
        s = shares[:, None]
        axis = points[hip] + np.clip(s, 0, 1) * thigh + np.clip(s - 1, 0, 1) * shin
        axes.append(axis + np.minimum(s, 0) * up)
    return axes[0], axes[1]


def down_between(right: Points, left: Points, trunk: Points) -> Points:
    """Unit vectors [n, 2] down the middle of two legs' axes; `trunk` [2] points from the neck to
    the hips."""
    middle = (right + left) / 2
    way = np.diff(middle, axis=0)
    way = np.concatenate([way, way[-1:]]) + _PULL * trunk * np.float64(SHARES[1] - SHARES[0])
    padded = np.pad(way, ((_AROUND, _AROUND), (0, 0)), mode="edge")
    kernel = np.full(2 * _AROUND + 1, 1 / (2 * _AROUND + 1))
    smooth = np.stack([np.convolve(padded[:, k], kernel, mode="valid") for k in (0, 1)], 1)
    return np.asarray(smooth / np.maximum(np.linalg.norm(smooth, axis=1), 1e-6)[:, None])


def lay(points: Points, skirt: Skirt) -> Levels:
    """The cloth about the legs of a skeleton [24, 2]; `skirt` is in its pixels.

    It spans the legs wherever they are, and hangs as far out beside them as it was measured.
    """
    used = skirt.hem + _BELOW >= SHARES
    shares, half = SHARES[used], skirt.half[used]
    right, left = legs_at(points, shares)
    down = down_between(right, left, points[MID_HIP] - points[1])
    beside = np.stack([down[:, 1], -down[:, 0]], 1)
    apart = left - right
    aside, along = (apart * beside).sum(1), (apart * down).sum(1)
    # Legs behind one another say nothing about how the hem is tilted.
    tilt = along / 2 * aside / (np.abs(aside) + half)
    across = beside * (np.abs(aside) / 2 + half)[:, None] + down * tilt[:, None]
    return Levels(shares, (right + left) / 2, across)


def cloth_outline(points: Points, skirt: Skirt) -> Points:
    """Polygon [corners, 2] about the cloth, from the hips to the hem, in pixels."""
    levels = lay(points, skirt)
    worn = (levels.shares >= -1e-6) & (levels.shares <= skirt.hem + 1e-6)
    middle, across = levels.middle[worn], levels.across[worn]
    return np.concatenate([middle - across, (middle + across)[::-1]])


def cloth_distance(share: Floats, side: Floats, skirt: Skirt) -> Floats:
    """How far pixels lie from the cloth's middle in half widths: up to 1 on it."""
    away = np.maximum(np.maximum(SHARES[0] - share, share - np.float32(skirt.hem)), 0)
    return np.asarray(np.hypot(np.abs(side), 4 * away), np.float32)
