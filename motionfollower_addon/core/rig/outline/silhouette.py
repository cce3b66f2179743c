"""Fills the outline of projected polygons: where a character is seen in the picture.

Each polygon counts once, whichever way it faces. An edge between two polygons that face the same
way adds and takes away the same pixels, so only the edges of the outline are drawn: a mesh of a
hundred thousand polygons has a few thousand of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..joints.projection import NEAREST, Array

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

LONGEST_SIDE = 640
"""Pixels at most that outlines are drawn with; the backend predicts masks at that size, too."""


@dataclass(frozen=True, eq=False)
class Topology:
    """How a mesh's polygons join its vertices. What drawing needs besides is found out once."""

    corners: Ints
    """Vertex of each polygon's corner, polygon after polygon, [corners]."""
    starts: Ints
    """First corner of each polygon, [polygons]."""
    vertices: int
    """Number of vertices."""

    @cached_property
    def totals(self) -> Ints:
        """Corners of each polygon, [polygons]."""
        return np.diff(self.starts, append=np.int32(len(self.corners)))

    @cached_property
    def quads(self) -> tuple[Ints, Ints]:
        """Polygons of 3 or 4 corners, and their vertices [4, n], a triangle's last one twice."""
        few = np.flatnonzero((self.totals == 3) | (self.totals == 4)).astype(np.int32)
        first = self.starts[few]
        last = self.totals[few] - 1
        steps = np.stack([np.zeros_like(last), np.ones_like(last), np.full_like(last, 2), last])
        return few, self.corners[first + steps]

    @cached_property
    def fans(self) -> tuple[Ints, Ints, Ints]:
        """Polygons of more corners, the triangles [3, n] that fan them, each one's first."""
        many = np.flatnonzero(self.totals > 4).astype(np.int32)
        counts = self.totals[many] - 2
        begins = np.cumsum(counts) - counts
        within = np.arange(counts.sum()) - np.repeat(begins, counts)
        first = np.repeat(self.starts[many], counts)
        steps = np.stack([np.zeros_like(within), within + 1, within + 2])
        return many, self.corners[first + steps], begins.astype(np.int32)

    @cached_property
    def edges(self) -> Edges:
        """The edges, and which polygons meet at them."""
        following = np.arange(1, len(self.corners) + 1, dtype=np.int32)
        following[self.starts + self.totals - 1] = self.starts
        here, there = self.corners, self.corners[following]
        low, high = np.minimum(here, there), np.maximum(here, there)
        order = np.argsort(low.astype(np.int64) * self.vertices + high, kind="stable")
        low, high = low[order], high[order]
        new = np.ones(len(order), np.bool_)
        new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
        begins = np.flatnonzero(new)
        polygon = np.repeat(np.arange(len(self.starts), dtype=np.int32), self.totals)
        return Edges(
            np.stack([low[begins], high[begins]]),
            polygon[order],
            np.where(here < there, 1, -1).astype(np.int8)[order],
            begins,
        )


@dataclass(frozen=True, eq=False)
class Edges:
    """A mesh's edges, and the polygons' sides that lie on them, edge after edge."""

    ends: Ints
    """Vertices [2, edges], the lower number first."""
    polygon: Ints
    """Polygon of each side, [sides]."""
    direction: NDArray[np.int8]
    """1 where a side runs from the lower vertex to the higher, else -1; [sides]."""
    begins: NDArray[np.int64]
    """First side of each edge, [edges]."""


@dataclass(frozen=True, eq=False)
class Part:
    """A mesh at one moment, as a camera sees it."""

    topology: Topology
    places: Floats
    """Its vertices in its own space, [vertices, 3]."""
    rows: Array
    """From its own space to the picture, [3, 4], as `pixel_rows` has it for world space."""


def working_size(size: tuple[int, int]) -> tuple[int, int]:
    """(width, height) that outlines for a clip of `size` are drawn at."""
    scale = min(1.0, LONGEST_SIDE / max(size))
    return (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))


def shrink_rows(rows: Array, size: tuple[int, int], small: tuple[int, int], flat: bool) -> Array:
    """`pixel_rows` for a picture of `size` made to fit the same picture at `small`.

    `flat`: for an orthographic camera, whose pixels are not divided by the depth.
    """
    whole = np.array([0.0, 0.0, 0.0, 1.0]) if flat else rows[2]
    factors = [inner / outer for inner, outer in zip(small, size, strict=True)]
    moved = [row * f + (0.5 * f - 0.5) * whole for row, f in zip(rows[:2], factors, strict=True)]
    return np.stack([*moved, rows[2]])


def fill(parts: Sequence[Part], size: tuple[int, int], flat: bool = False) -> NDArray[np.bool_]:
    """Pixels [height, width] whose centre a polygon of `parts` covers, in a picture of `size`.

    Polygons with a corner that is not in front of the camera are left out. `flat` as in
    `shrink_rows`.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        found = [_outline(part, flat) for part in parts if len(part.topology.starts)]
    width, height = size
    if not found:
        return np.zeros((height, width), np.bool_)
    ends = np.concatenate([item[0] for item in found], axis=2).astype(np.float64)
    change = np.concatenate([item[1] for item in found])
    return _scan(ends, change, width, height)


def _outline(part: Part, flat: bool) -> tuple[Floats, NDArray[np.int8]]:
    """Ends [2 (from, to), 2 (x, y), n] of the edges that matter, and what each one changes."""
    rows = part.rows.astype(np.float32)
    across, down, depth = rows[:, :3] @ part.places.T + rows[:, 3:]
    nowhere = ~(depth > NEAREST)
    if flat:
        across[nowhere] = np.nan
    else:
        depth[nowhere] = np.nan
        across /= depth
        down /= depth
    facing, twisted, sides = _facing(part.topology, across, down)
    edges = part.topology.edges
    change = np.add.reduceat(facing[edges.polygon] * edges.direction, edges.begins, dtype=np.int8)
    drawn = np.flatnonzero(change)
    begin, end = np.concatenate([edges.ends[:, drawn], twisted], axis=1)
    ends = np.stack([np.stack([across[item], down[item]]) for item in (begin, end)])
    return ends, np.concatenate([change[drawn], sides])


def _facing(
    topology: Topology, across: Floats, down: Floats
) -> tuple[NDArray[np.int8], Ints, NDArray[np.int8]]:
    """Which way round each polygon is drawn: 1, -1, or 0 where it has no area or no place.

    A quadrangle that is twisted like a bow tie is drawn as the two triangles that Blender makes of
    it: 0, and these triangles' edges [2 (from, to), n] with what each one changes.
    """
    area = np.zeros(len(topology.starts), np.float32)
    few, (a, b, c, d) = topology.quads
    x, y = across[a], down[a]
    bx, by, cx, cy, dx, dy = (
        values[corner] - own for corner in (b, c, d) for values, own in ((across, x), (down, y))
    )
    one, two = bx * cy - by * cx, cx * dy - cy * dx
    whole = one + two
    other = bx * dy - by * dx
    # Both ways to cut it in two give triangles of either side; only one way does in a hollow one.
    twisted = np.flatnonzero((one * two < 0) & (other * (whole - other) < 0))
    whole[twisted] = 0
    area[few] = whole
    many, (p, q, r), begins = topology.fans
    if len(many):
        pieces = (across[q] - across[p]) * (down[r] - down[p]) - (down[q] - down[p]) * (
            across[r] - across[p]
        )
        area[many] = np.add.reduceat(pieces, begins)
    a, b, c, d = a[twisted], b[twisted], c[twisted], d[twisted]
    edges = np.stack([np.concatenate([a, b, c, a, c, d]), np.concatenate([b, c, a, c, d, a])])
    changes = np.concatenate([np.repeat(_sign(item[twisted])[None], 3, 0) for item in (one, two)])
    return _sign(area), edges, changes.ravel()


def _sign(area: Floats) -> NDArray[np.int8]:
    return (area > 0).astype(np.int8) - (area < 0).astype(np.int8)


def _scan(ends: Array, change: NDArray[np.int8], width: int, height: int) -> NDArray[np.bool_]:
    """Fill between edges: each one changes how often a row is covered, from where it crosses on."""
    (xa, ya), (xb, yb) = ends
    first = np.clip(np.ceil(np.minimum(ya, yb)), 0, height).astype(np.int64)
    last = np.clip(np.ceil(np.maximum(ya, yb)), 0, height).astype(np.int64)
    crossing = np.flatnonzero(last > first)
    first, counts = first[crossing], (last - first)[crossing]
    xa, ya, xb, yb = xa[crossing], ya[crossing], xb[crossing], yb[crossing]
    weight = change[crossing] * np.where(yb > ya, 1.0, -1.0)
    begins = np.cumsum(counts) - counts
    row = np.arange(counts.sum()) + np.repeat(first - begins, counts)
    slope = (xb - xa) / (yb - ya)
    x = np.repeat(xa - ya * slope, counts) + row * np.repeat(slope, counts)
    column = np.clip(np.ceil(x), 0, width).astype(np.int64)
    changes = np.bincount(
        row * (width + 1) + column, np.repeat(weight, counts), height * (width + 1)
    )
    covered = np.cumsum(changes.reshape(height, width + 1)[:, :width], axis=1)
    inside: NDArray[np.bool_] = np.abs(covered) > 0.5
    return inside
