"""Curves of a drawn mask as Blender's Mask data-blocks hold them, and the points along them.

A mask's coordinates are square: the longer side of the picture is 1 wide, its middle is at
(0.5, 0.5), y goes up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_STEP = 3.0
"""Pixels between two points of a curve."""
_FEWEST, _MOST = 4, 64
"""Points between two of the curve's own."""


class Falloff(StrEnum):
    """How a feather fades, from 1 at the curve to 0 at its end."""

    SMOOTH = "SMOOTH"
    SPHERE = "SPHERE"
    ROOT = "ROOT"
    INVERSE_SQUARE = "INVERSE_SQUARE"
    SHARP = "SHARP"
    LINEAR = "LINEAR"


class Overlap(StrEnum):
    """What lies inside two curves of a layer."""

    FILLED = "filled"
    HOLE = "hole"


class Ease(StrEnum):
    """How the feather's width goes from one point to the next."""

    LINEAR = "LINEAR"
    EASE = "EASE"


@dataclass(frozen=True)
class Curve:
    """One spline of `n` points."""

    places: Floats
    """[n, 3, 2] the handle before, the point, the handle after."""
    widths: Floats
    """[n] the feather's width at the points."""
    between: tuple[Floats, ...]
    """For each point, feather points after it [k, 2]: where between it and the next (0..1), and
    how wide there, as a share of the width between the points."""
    closed: bool
    filled: bool
    ease: Ease


@dataclass(frozen=True)
class DrawnLayer:
    """One layer of a mask on one frame."""

    curves: tuple[Curve, ...]
    alpha: float
    inverted: bool
    falloff: Falloff
    overlap: Overlap


@dataclass(frozen=True)
class Outline:
    """A curve as points in pixels [m, 2], (0, 0) the picture's upper left corner, y down."""

    inner: Floats
    outer: Floats
    """[m, 2] where the feather ends beside each."""
    closed: bool
    filled: bool

    @property
    def feathered(self) -> bool:
        """Whether the feather ends anywhere else than the curve."""
        return bool(np.abs(self.outer - self.inner).max(initial=0.0) > 1e-3)


def outline(curve: Curve, size: tuple[int, int]) -> Outline:
    """The curve along all its segments, for a picture of `size` (width, height)."""
    count = len(curve.places)
    segments = count if curve.closed or curve.filled else count - 1
    inner, outer = [], []
    for a in range(segments):
        b = (a + 1) % count
        before, after = curve.places[a], curve.places[b]
        handles = np.array([before[1], before[2], after[0], after[1]])
        if b == 0 and not curve.closed:
            # An open curve is closed by a straight line, where it is filled.
            handles = np.linspace(before[1], after[1], 4)
        far = np.linalg.norm(np.diff(handles, axis=0), axis=1).sum() * max(size)
        u = np.linspace(0, 1, int(np.clip(np.ceil(far / _STEP), _FEWEST, _MOST)), endpoint=False)
        places, aside = _along(handles, u)
        width = _widths(curve, a, b, u)
        inner.append(places)
        outer.append(places + aside * width[:, None])
    if not (curve.closed or curve.filled):
        last = curve.places[-1]
        _, aside = _along(np.array([curve.places[-2][1], curve.places[-2][2], last[0], last[1]]),
                          np.ones(1))  # fmt: skip
        inner.append(last[1:2])
        outer.append(last[1:2] + aside * curve.widths[-1])
    ends = (_pixels(inner, size), _pixels(outer, size))
    return Outline(*ends, curve.closed, curve.filled)


def _pixels(rows: list[Floats], size: tuple[int, int]) -> Floats:
    places = np.concatenate([np.zeros((0, 2)), *rows])
    longer = float(max(size))
    x = (places[:, 0] - 0.5) * longer + size[0] / 2
    y = (0.5 - places[:, 1]) * longer + size[1] / 2
    return np.stack([x, y], axis=1)


def _along(handles: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Points [m, 2] of a cubic at `u`, and unit vectors to the side on which feathers lie."""
    t = u[:, None]
    p, q, r, s = handles
    places = (1 - t) ** 3 * p + 3 * (1 - t) ** 2 * t * q + 3 * (1 - t) * t**2 * r + t**3 * s
    way = (1 - t) ** 2 * (q - p) + 2 * (1 - t) * t * (r - q) + t**2 * (s - r)
    # A handle that lies on its point leaves no direction there.
    still = np.linalg.norm(way, axis=1) < 1e-9
    way[still] = s - p
    length = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-12)
    aside = np.stack([-way[:, 1], way[:, 0]], axis=1) / length
    return places, aside


def _widths(curve: Curve, a: int, b: int, u: Floats) -> Floats:
    """The feather's width at `u` between the points `a` and `b`."""
    ends = (curve.widths[a], curve.widths[b])
    more = curve.between[a]
    plain = _eased(np.array([0.0, 1.0]), np.array(ends), u, curve.ease)
    if not len(more):
        return plain
    order = np.argsort(more[:, 0], kind="stable")
    at = more[order, 0]
    wide = more[order, 1] * _eased(np.array([0.0, 1.0]), np.array(ends), at, curve.ease)
    places = np.concatenate([[0.0], at, [1.0]])
    return _eased(places, np.concatenate([ends[:1], wide, ends[1:]]), u, curve.ease)


def _eased(places: Floats, values: Floats, u: Floats, ease: Ease) -> Floats:
    """Values between known ones, straight or eased in and out."""
    after = np.clip(np.searchsorted(places, u, side="right"), 1, len(places) - 1)
    low, high = places[after - 1], places[after]
    share = np.clip((u - low) / np.maximum(high - low, 1e-9), 0, 1)
    if ease is Ease.EASE:
        share = 3 * share**2 - 2 * share**3
    result: Floats = values[after - 1] + share * (values[after] - values[after - 1])
    return result
