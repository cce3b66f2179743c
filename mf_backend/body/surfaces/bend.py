"""A limb's own coordinates, which keep its width where it bends.

A pixel lies at some place along the nearest bone and some distance to its side. Outside a bend the
place goes on along an arc about the joint; inside it the two bones meet on the line that halves
their angle. Both are undone with the source's own angles, so the same pose maps onto itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

_REACH = 1.6
"""Half widths from a joint within which a bend stretches or folds the surface."""
_MOST_OF_BONE = 0.45
_DEEPEST_FOLD = 0.85
"""Share of that reach that the inside of a bend takes away at most."""


@dataclass(frozen=True)
class Chain:
    """A limb in one picture."""

    points: Points
    """[n + 1, 2] from the root to the tip."""
    radii: Points
    """[n + 1] half widths at the points, in pixels."""

    @property
    def count(self) -> int:
        """Number of bones."""
        return len(self.points) - 1

    @cached_property
    def lengths(self) -> Points:
        """[n] in pixels; never quite 0."""
        steps = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return np.asarray(np.maximum(steps, 0.5), np.float64)

    @cached_property
    def directions(self) -> Points:
        """[n, 2] unit vectors; a bone without length takes its neighbour's."""
        steps = np.diff(self.points, axis=0)
        norms = np.linalg.norm(steps, axis=1)
        out = steps / np.maximum(norms, 1e-9)[:, None]
        for k in np.flatnonzero(norms < 0.5):
            out[k] = out[k - 1] if k else (0.0, 1.0)
        return np.asarray(out, np.float64)

    @cached_property
    def turns(self) -> Points:
        """[n + 1] signed angle at each point; 0 at the two ends."""
        z = self.directions @ np.array([1, 1j])
        turns = np.zeros(len(self.points))
        turns[1:-1] = np.angle(z[1:] * z[:-1].conj())
        return turns

    def reach(self, bone: int, end: int) -> float:
        """Pixels along a bone from its end (0 or 1) that a bend there moves."""
        return float(min(_REACH * self.radii[bone + end], _MOST_OF_BONE * self.lengths[bone]))


@dataclass(frozen=True)
class Place:
    """Where pixels lie on a limb; arrays of one shape."""

    bone: NDArray[np.int8]
    along: Floats
    """Pixels from the bone's start; beyond 0 and the bone's length it is an arc about the joint."""
    side: Floats
    """Signed distance, positive on the left-hand normal (-dy, dx)."""

    def share(self, chain: Chain) -> Floats:
        """Position along the bone, 0 to 1 between its joints."""
        lengths = chain.lengths.astype(np.float32)
        return np.asarray(self.along / lengths[self.bone], np.float32)


def _offset(turn: float, side: Floats, reach: float) -> Floats:
    """How far the surface goes on past a joint at a distance `side`: an arc outside the bend, less
    than the bone inside it (negative)."""
    if abs(turn) < 1e-6:
        return np.zeros_like(side)
    # The left-hand side is the inside of a turn to the left, at both ends of the bone.
    inner = side * np.sign(turn) > 0
    away = np.abs(side)
    arc = away * (abs(turn) / 2)
    fold = np.minimum(away * np.tan(min(abs(turn) / 2, 1.5)), _DEEPEST_FOLD * reach)
    return np.asarray(np.where(inner, -fold, arc), np.float32)


def place_pixels(chain: Chain, x: Floats, y: Floats) -> Place:
    """Coordinates of the pixels at x, y on a limb."""
    lengths, directions = chain.lengths, chain.directions
    best = np.full(x.shape, np.inf, np.float32)
    bone = np.zeros(x.shape, np.int8)
    along, side = np.zeros_like(x), np.zeros_like(x)
    for k in range(chain.count):
        (ax, ay), (ux, uy) = chain.points[k], directions[k]
        dx, dy = x - np.float32(ax), y - np.float32(ay)
        s = dx * np.float32(ux) + dy * np.float32(uy)
        d = dy * np.float32(ux) - dx * np.float32(uy)
        over = np.maximum(np.maximum(-s, s - np.float32(lengths[k])), 0)
        # In the wedge about a joint both bones are equally near: the line that halves it decides.
        distance = np.hypot(over, d) + np.float32(0.01) * over
        wedge = over > 0
        if k == 0:
            wedge &= s > 0
        if k == chain.count - 1:
            wedge &= s < 0
        radius = np.hypot(over, d)
        arc = radius * np.arctan2(over, np.maximum(np.abs(d), 1e-6))
        place = np.where(wedge, np.where(s < 0, -arc, np.float32(lengths[k]) + arc), s)
        nearer = distance < best
        best = np.where(nearer, distance, best)
        bone = np.where(nearer, np.int8(k), bone)
        along = np.where(nearer, place, along)
        side = np.where(nearer, np.where(wedge, np.copysign(radius, d), d), side)
    return Place(bone, along.astype(np.float32), side.astype(np.float32))


def locate(place: Place, own: Chain, other: Chain, size: float, flip: bool = False) -> Floats:
    """The same places on the same limb in another picture, float32 [..., 2] in its pixels.

    `own` is the chain of `place`, `size` pixels of the other picture for one of this. `flip` takes
    the other side's limb: what lies left of one lies right of the other.
    """
    out = np.zeros((*place.bone.shape, 2), np.float32)
    for k in range(own.count):
        chosen = place.bone == k
        if not chosen.any():
            continue
        out[chosen] = _locate_bone(
            k, place.along[chosen], place.side[chosen], own, other, size, flip
        )
    return out


def _locate_bone(
    k: int, along: Floats, side: Floats, own: Chain, other: Chain, size: float, flip: bool
) -> Floats:
    length, far = float(own.lengths[k]), float(other.lengths[k])
    turns, others = own.turns, other.turns
    there = side * np.float32(-size if flip else size)
    near = [own.reach(k, e) for e in (0, 1)]
    reach = [other.reach(k, e) for e in (0, 1)]
    first = _offset(turns[k], side, near[0])
    last = _offset(turns[k + 1], side, near[1])
    first_there = _offset(others[k], there, reach[0])
    last_there = _offset(others[k + 1], there, reach[1])
    knots = [-first, near[0] + 0 * first, length - near[1] + 0 * first, length + last]
    knots_there = [
        -first_there, reach[0] + 0 * first, far - reach[1] + 0 * first, far + last_there
    ]  # fmt: skip
    moved = _piecewise(along, knots, knots_there, size)
    direction = other.directions[k]
    normal = np.array([-direction[1], direction[0]])
    z, n = complex(*direction), complex(*normal)
    origin = complex(*other.points[k])
    # At the limb's two ends it goes on straight, at joints about the joint.
    least = 0.0 if k > 0 else -np.inf
    most = far if k < own.count - 1 else np.inf
    spot = origin + z * np.clip(moved, least, most)
    before = (moved < 0) & (k > 0)
    after = (moved > far) & (k < own.count - 1)
    beyond = np.where(before, -moved, np.where(after, moved - far, 0))
    angle = beyond / np.maximum(np.abs(there), 1e-3)
    sense = np.where(there >= 0, 1.0, -1.0) * np.where(before, 1.0, -1.0)
    # Going past the end, the normal turns about the joint away from the bone.
    spot = spot + there * n * np.exp(1j * sense * np.where(beyond > 0, angle, 0))
    return np.asarray(np.stack([spot.real, spot.imag], -1), np.float32)


def _piecewise(
    value: Floats, knots: list[Floats], images: list[Floats], size: float
) -> NDArray[np.float64]:
    """Piecewise linear map through three stretches; outside them with slope `size`."""
    a0, a1, a2, a3 = (np.asarray(v, np.float64) for v in knots)
    b0, b1, b2, b3 = (np.asarray(v, np.float64) for v in images)

    def between(p: Any, q: Any, u: Any, v: Any) -> NDArray[np.float64]:
        return np.asarray(u + (value - p) * (v - u) / np.maximum(q - p, 1e-3), np.float64)

    out = np.where(value < a1, between(a0, a1, b0, b1), between(a1, a2, b1, b2))
    out = np.where(value > a2, between(a2, a3, b2, b3), out)
    out = np.where(value < a0, b0 + (value - a0) * size, out)
    return np.asarray(np.where(value > a3, b3 + (value - a3) * size, out), np.float64)
