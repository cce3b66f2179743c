"""Filled shapes on an integer grid in plain numpy, pixel for pixel what OpenCV draws.

Blender has numpy and no OpenCV. Each function follows the arithmetic that OpenCV documents for the
call it names (fixed point with 16 fraction bits, Bresenham lines, truncating divisions), because
the weights were trained on pictures drawn by it; the tests compare both on random shapes.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SHIFT = 16
_ONE = 1 << _SHIFT
_HALF = _ONE >> 1

# OpenCV's table of sines holds single-precision numbers with seven decimals.
_SINE = np.round(np.sin(np.radians(np.arange(451))), 7).astype(np.float32).astype(np.float64)
_COSINE_STEPS = _SINE[450 - np.arange(361)]
_SINE_STEPS = _SINE[:361]

Size = tuple[int, int]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Shape:
    """A filled shape: `mask` bool [height, width], its first pixel at (left, top)."""

    left: int
    top: int
    mask: NDArray[np.bool_]

    def paint(self, canvas: NDArray[np.uint8], x: int, y: int, value: int) -> None:
        """Set `canvas` [H, W] to `value` under the shape moved by (x, y), cut at the borders."""
        x, y = x + self.left, y + self.top
        height, width = self.mask.shape
        x0, y0 = max(x, 0), max(y, 0)
        x1, y1 = min(x + width, canvas.shape[1]), min(y + height, canvas.shape[0])
        if x0 < x1 and y0 < y1:
            np.copyto(
                canvas[y0:y1, x0:x1],
                np.uint8(value),
                where=self.mask[y0 - y : y1 - y, x0 - x : x1 - x],
            )

    def inside(self, x: int, y: int, size: Size) -> bool:
        """Whether the shape moved by (x, y) lies wholly in a picture of `size` (width, height)."""
        height, width = self.mask.shape
        x, y = x + self.left, y + self.top
        return x >= 0 and y >= 0 and x + width <= size[0] and y + height <= size[1]


_EMPTY = Shape(0, 0, np.zeros((0, 0), np.bool_))


def _from_extents(rows: Ints, columns: Ints, size: Size | None = None) -> Shape:
    """The shape whose every row is filled from its least to its greatest column."""
    if size is not None:
        keep = (rows >= 0) & (rows < size[1])
        rows, columns = rows[keep], np.clip(columns[keep], -1, size[0])
    if not rows.size:
        return _EMPTY
    top, left = int(rows.min()), int(columns.min())
    height, width = int(rows.max()) - top + 1, int(columns.max()) - left + 1
    first = np.full(height, width, np.int64)
    last = np.full(height, -1, np.int64)
    np.minimum.at(first, rows - top, columns - left)
    np.maximum.at(last, rows - top, columns - left)
    across = np.arange(width)
    return Shape(left, top, (across >= first[:, None]) & (across <= last[:, None]))


def _steps(counts: Ints) -> tuple[Ints, Ints]:
    """For counts [c0, c1, ...]: the owner and the running number 0..c-1 of each element."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _line_pixels(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Rows and columns of the 8-connected Bresenham lines a -> b, int [N, 2] each as (x, y).

    Lines run from left to right; a tie keeps the minor coordinate.
    """
    swap = b[:, 0] < a[:, 0]
    start = np.where(swap[:, None], b, a)
    delta = np.where(swap[:, None], a, b) - start
    sign = np.where(delta[:, 1] < 0, -1, 1)
    dx, dy = delta[:, 0], np.abs(delta[:, 1])
    steep = dy > dx
    major, minor = np.where(steep, dy, dx), np.where(steep, dx, dy)
    owner, k = _steps(major + 1)
    major, minor, steep = np.maximum(major, 1)[owner], minor[owner], steep[owner]
    offset = (2 * minor * k + major - 1) // (2 * major)
    columns = start[owner, 0] + np.where(steep, offset, k)
    rows = start[owner, 1] + sign[owner] * np.where(steep, k, offset)
    return rows, columns


def _edge_fill(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Rows and columns where the polygon filler meets the edges a -> b, between their ends."""
    swap = b[:, 1] < a[:, 1]
    upper, lower = np.where(swap[:, None], b, a), np.where(swap[:, None], a, b)
    height = lower[:, 1] - upper[:, 1]
    tall = height > 1
    upper, lower, height = upper[tall], lower[tall], height[tall]
    # C's division goes towards zero.
    top, bottom = 2 * (lower[:, 0] - upper[:, 0]) * _ONE + height, 2 * height
    slope = np.sign(top) * (np.abs(top) // bottom)
    owner, k = _steps(height)
    return upper[owner, 1] + k, upper[owner, 0] + ((k * slope[owner] + _HALF) >> _SHIFT)


def _clip_line(
    x1: int, y1: int, x2: int, y2: int, width: int, height: int
) -> tuple[int, int, int, int] | None:
    """The part of a line inside a picture, by OpenCV's `clipLine` (its rounding included)."""
    right, bottom = width - 1, height - 1

    def side(x: int, y: int) -> int:
        return (x < 0) + (x > right) * 2 + (y < 0) * 4 + (y > bottom) * 8

    c1, c2 = side(x1, y1), side(x2, y2)
    if c1 & c2:
        return None
    if c1 | c2:
        if c1 & 12:
            edge = 0 if c1 < 8 else bottom
            x1 += int((edge - y1) * (x2 - x1) / (y2 - y1))
            y1 = edge
            c1 = side(x1, y1) & 3
        if c2 & 12:
            edge = 0 if c2 < 8 else bottom
            x2 += int((edge - y2) * (x2 - x1) / (y2 - y1))
            y2 = edge
            c2 = side(x2, y2) & 3
        if not c1 & c2:
            if c1:
                edge = 0 if c1 == 1 else right
                y1 += int((edge - x1) * (y2 - y1) / (x2 - x1))
                x1, c1 = edge, 0
            if c2:
                edge = 0 if c2 == 1 else right
                y2 += int((edge - x2) * (y2 - y1) / (x2 - x1))
                x2, c2 = edge, 0
    return (x1, y1, x2, y2) if not c1 | c2 else None


def ellipse_points(half_length: int, half_width: int, degrees: int) -> Ints:
    """Corners of OpenCV's `ellipse2Poly((0, 0), axes, degrees, 0, 360, 1)`, int [361, 2] as (x, y).

    Repeated corners are kept, the last equals the first.
    """
    degrees %= 360
    cosine, sine = _SINE[450 - degrees], _SINE[degrees]
    x, y = half_length * _COSINE_STEPS, half_width * _SINE_STEPS
    points = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=1)
    corners: Ints = np.rint(points).astype(np.int64)
    return corners


@functools.lru_cache(maxsize=8192)
def ellipse(half_length: int, half_width: int, degrees: int) -> Shape:
    """`fillConvexPoly(ellipse2Poly(...))` about (0, 0), nothing cut off; lengths in pixels."""
    points = ellipse_points(half_length, half_width, degrees)
    a, b = points[:-1], points[1:]
    long = np.abs(b - a).max(axis=1) > 1
    rows, columns = points[:, 1], points[:, 0]
    if long.any():
        a, b = a[long], b[long]
        parts = (rows, columns), _line_pixels(a, b), _edge_fill(a, b)
        rows, columns = (np.concatenate(each) for each in zip(*parts, strict=True))
    return _from_extents(rows, columns)


def clipped_ellipse(
    centre: tuple[int, int], half_length: int, half_width: int, degrees: int, size: Size
) -> Shape:
    """The same about `centre` in a picture of `size` (width, height): at the picture's border
    OpenCV cuts each edge first, which moves its pixels."""
    points = ellipse_points(half_length, half_width, degrees) + np.array(centre, np.int64)
    last = np.array(size, np.int64) - 1
    beyond = (points < 0) * np.array([1, 4]) + (points > last) * np.array([2, 8])
    side = beyond.sum(axis=1)
    a, b, side_a, side_b = points[:-1], points[1:], side[:-1], side[1:]
    # Edges wholly above or below the picture fill nothing in it.
    near = (side_a & side_b & 12) == 0
    a, b, side_a, side_b = a[near], b[near], side_a[near], side_b[near]
    drawn = (side_a | side_b) == 0
    cut = [
        _clip_line(int(p[0]), int(p[1]), int(q[0]), int(q[1]), *size)
        for p, q in zip(a[~drawn], b[~drawn], strict=True)
    ]
    kept = np.array([line for line in cut if line], np.int64).reshape(-1, 4)
    start, end = np.concatenate([a[drawn], kept[:, :2]]), np.concatenate([b[drawn], kept[:, 2:]])
    parts = (points[:, 1], points[:, 0]), _line_pixels(start, end), _edge_fill(a, b)
    rows, columns = (np.concatenate(each) for each in zip(*parts, strict=True))
    return _from_extents(rows, columns, size)


def _divide(a: int, b: int) -> int:
    """C's division: towards zero."""
    return a // b if a >= 0 else -(-a // b)


def _fixed_line(p: tuple[int, int], q: tuple[int, int], size: Size | None) -> list[tuple[int, int]]:
    """(row, column) pixels of a line between fixed-point ends."""
    x1, y1, x2, y2 = *p, *q
    if size is not None:
        line = _clip_line(x1, y1, x2, y2, size[0] << _SHIFT, size[1] << _SHIFT)
        if line is None:
            return []
        x1, y1, x2, y2 = line
    dx, dy = x2 - x1, y2 - y1
    ax, ay = abs(dx), abs(dy)
    flat = ax > ay
    if (dx if flat else dy) < 0:
        x1, y1, x2, y2, dx, dy = x2, y2, x1, y1, -dx, -dy
    pixels = [((y2 + _HALF) >> _SHIFT, (x2 + _HALF) >> _SHIFT)]
    if flat:
        step = _divide(dy << _SHIFT, ax | 1)
        x, y = (x1 + _HALF) >> _SHIFT, y1 + _HALF
        for k in range(((x2 - x1) >> _SHIFT) + 1):
            pixels.append(((y + k * step) >> _SHIFT, x + k))
    else:
        step = _divide(dx << _SHIFT, ay | 1)
        x, y = x1 + _HALF, (y1 + _HALF) >> _SHIFT
        for k in range(((y2 - y1) >> _SHIFT) + 1):
            pixels.append((y + k, (x + k * step) >> _SHIFT))
    return pixels


def _fixed_fill(corners: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """(row, column) where the convex polygon filler meets its two sides, fixed-point corners."""
    count = len(corners)
    rows = [(y + _HALF) >> _SHIFT for _, y in corners]
    top, bottom = min(rows), max(rows)
    highest = min(range(count), key=lambda i: corners[i][1])
    pixels = []
    for direction in (1, -1):
        index, x, slope, until = highest, -_ONE, 0, top
        # The lowest row is left to the outline, as in OpenCV.
        for row in range(top, bottom):
            if row >= until:
                following = (index + direction) % count
                for _ in range(count):
                    if rows[following] > row:
                        until = rows[following]
                        x = corners[index][0]
                        height = until - row
                        slope = _divide((corners[following][0] - x) * 2 + height, 2 * height)
                        index = following
                        break
                    index, following = following, (following + direction) % count
            pixels.append((row, (x + _HALF) >> _SHIFT))
            x += slope
    return pixels


def _thick_line(x: int, y: int, dx: int, dy: int, thickness: int, size: Size | None) -> Shape:
    pixels: list[tuple[int, int]] = []
    if dx or dy:
        # OpenCV measures dx backwards and dy forwards here.
        scale = (thickness << (_SHIFT - 1)) / math.sqrt(dx * dx + dy * dy)
        px, py = round(dy * scale), round(-dx * scale)
        x0, y0, x1, y1 = (value << _SHIFT for value in (x, y, x + dx, y + dy))
        corners = [(x0 + px, y0 + py), (x0 - px, y0 - py), (x1 - px, y1 - py), (x1 + px, y1 + py)]
        for k in range(4):
            pixels += _fixed_line(corners[k - 1], corners[k], size)
        pixels += _fixed_fill(corners)
    for cx, cy in ((x, y), (x + dx, y + dy)):
        pixels += [(cy - 1, cx), (cy, cx - 1), (cy, cx + 1), (cy + 1, cx)]
    array = np.array(pixels, np.int64)
    return _from_extents(array[:, 0], array[:, 1], size)


@functools.lru_cache(maxsize=16384)
def thick_line(dx: int, dy: int) -> Shape:
    """`line((0, 0), (dx, dy), thickness=2)` with its round ends, nothing cut off."""
    return _thick_line(0, 0, dx, dy, 2, None)


def clipped_thick_line(x: int, y: int, dx: int, dy: int, size: Size) -> Shape:
    """The same from (x, y) in a picture of `size`, cut as OpenCV cuts it."""
    return _thick_line(x, y, dx, dy, 2, size)


def _disc() -> Shape:
    widths = (0, 2, 3, 3, 4, 3, 3, 2, 0)
    across = np.arange(-4, 5)
    return Shape(-4, -4, np.array([np.abs(across) <= width for width in widths]))


DISC = _disc()
"""`circle((0, 0), 4, filled)`: 49 pixels."""
