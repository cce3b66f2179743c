"""Pictures of drawn masks: how much of each pixel lies inside, and feathers that fade."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .curves import DrawnLayer, Falloff, Floats, Outline, Overlap, outline

Cover = NDArray[np.float64]

_ROWS = 8
"""Lines on which a pixel's cover is measured; along each it is exact."""
_FALLOFFS: dict[Falloff, Callable[[Cover], Cover]] = {
    Falloff.SMOOTH: lambda v: 3 * v**2 - 2 * v**3,
    Falloff.SPHERE: lambda v: np.sqrt(2 * v - v**2),
    Falloff.ROOT: np.sqrt,
    Falloff.INVERSE_SQUARE: lambda v: v * (2 - v),
    Falloff.SHARP: lambda v: v**2,
    Falloff.LINEAR: lambda v: v,
}


def draw_layer(layer: DrawnLayer, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A layer as uint8 [height, width] for a picture of `size` (width, height), 255 inside.

    Feathers of all curves lie over what they fill, as in Blender: one that goes inwards is not
    seen, but in a hole.
    """
    cover, fade = np.zeros(size[::-1]), np.zeros(size[::-1])
    for curve in layer.curves:
        line = outline(curve, size)
        if len(line.inner) < 2:
            continue
        one = _inside(line, size)
        if layer.overlap is Overlap.HOLE:
            cover = cover + one - 2 * cover * one
        else:
            cover = np.maximum(cover, one)
        fade = np.maximum(fade, _feather(line, size))
    # Pixels on the curve itself are partly filled, and faded in the rest.
    cover = layer.alpha * (cover + (1 - cover) * _FALLOFFS[layer.falloff](fade))
    if layer.inverted:
        cover = 1 - cover
    drawn = np.clip(np.rint(255 * cover), 0, 255)
    return np.asarray(drawn, np.uint8)


def _inside(line: Outline, size: tuple[int, int]) -> Cover:
    """How much of each pixel an outline fills, 0..1 [height, width]."""
    cover = np.zeros(size[::-1])
    low = np.clip(np.floor(line.inner.min(axis=0)), 0, size).astype(int)
    high = np.clip(np.ceil(line.inner.max(axis=0)), 0, size).astype(int)
    if line.filled and (high > low).all():
        box = np.s_[low[1] : high[1], low[0] : high[0]]
        cover[box] = _filled(line.inner - low, (int(high[0] - low[0]), int(high[1] - low[1])))
    return cover


def _feather(line: Outline, size: tuple[int, int]) -> Cover:
    """Its feather, 1 at the curve [height, width]; a curve that fills nothing has two sides."""
    fade = np.zeros(size[::-1])
    if line.feathered:
        _strip(fade, line.inner, line.outer, line.closed or line.filled)
        if not line.filled:
            _strip(fade, line.inner, 2 * line.inner - line.outer, line.closed)
    return fade


def _filled(ring: Floats, size: tuple[int, int]) -> Cover:
    """How much of each pixel [height, width] lies inside a closed ring [m, 2].

    Each edge adds its share to the pixel that it crosses on a line, and all of it to those on its
    right; edges that go up take away what those that go down add.
    """
    width, height = size
    a, b = ring, np.roll(ring, -1, axis=0)
    down = b[:, 1] > a[:, 1]
    top, low = np.where(down[:, None], a, b), np.where(down[:, None], b, a)
    # Line k lies at (k + 0.5) / _ROWS; an edge crosses lines first to stop - 1.
    first = np.clip(np.ceil(top[:, 1] * _ROWS - 0.5), 0, height * _ROWS).astype(np.int64)
    stop = np.clip(np.ceil(low[:, 1] * _ROWS - 0.5), 0, height * _ROWS).astype(np.int64)
    many = np.maximum(stop - first, 0)
    edge = np.repeat(np.arange(len(ring)), many)
    lines = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + first[edge]
    y = (lines + 0.5) / _ROWS
    share = (y - top[edge, 1]) / np.maximum(low[edge, 1] - top[edge, 1], 1e-12)
    x = np.clip(top[edge, 0] + share * (low[edge, 0] - top[edge, 0]), 0, width)
    sign = np.where(down[edge], 1.0, -1.0)
    column = np.minimum(x.astype(np.int64), width - 1)
    part = column + 1 - x
    # Each line by itself: an outline that crosses itself is filled wherever it turns.
    turns = np.zeros((height * _ROWS, width + 1))
    np.add.at(turns, (lines, column), sign * part)
    np.add.at(turns, (lines, column + 1), sign * (1 - part))
    inside = np.minimum(np.abs(np.cumsum(turns[:, :width], axis=1)), 1)
    cover: Cover = inside.reshape(height, _ROWS, width).mean(axis=1)
    return cover


def _strip(fade: Cover, inner: Floats, outer: Floats, closed: bool) -> None:
    """Draw 1 at `inner` [m, 2], falling in a straight line to 0 at `outer` [m, 2]."""
    count = len(inner)
    for a in range(count if closed else count - 1):
        b = (a + 1) % count
        _triangle(fade, np.array([inner[a], inner[b], outer[a]]), np.array([1.0, 1.0, 0.0]))
        _triangle(fade, np.array([inner[b], outer[b], outer[a]]), np.array([1.0, 0.0, 0.0]))


def _triangle(fade: Cover, corners: Floats, values: Floats) -> None:
    """Draw a triangle whose corners have values; where others lie the larger one counts."""
    height, width = fade.shape
    low, high = corners.min(axis=0), corners.max(axis=0)
    x0, y0 = (int(max(0, np.floor(v))) for v in low)
    x1, y1 = min(width, int(np.ceil(high[0]))), min(height, int(np.ceil(high[1])))
    (ax, ay), (bx, by), (cx, cy) = corners
    twice = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    if x0 >= x1 or y0 >= y1 or abs(twice) < 1e-9:
        return
    x = np.arange(x0, x1) + 0.5
    y = (np.arange(y0, y1) + 0.5)[:, None]
    second = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / twice
    third = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / twice
    first = 1 - second - third
    inside = (first >= -1e-9) & (second >= -1e-9) & (third >= -1e-9)
    value = np.clip(first * values[0] + second * values[1] + third * values[2], 0, 1)
    part = fade[y0:y1, x0:x1]
    np.maximum(part, np.where(inside, value, 0), out=part)
