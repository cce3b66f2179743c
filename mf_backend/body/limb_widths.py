"""How wide the actor is around each limb, measured on the masks of the clip.

Rays go from the limb to the mask's edge; rays that leave the picture or come nearer to another
limb are ignored; over the clip a little more than the median is taken, left and right together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.skirt import Skirt
from mf_backend.body.whole_skeleton import (
    HEAD,
    LEFT_TIP,
    LEFT_TOE,
    MID_HIP,
    RIGHT_TIP,
    RIGHT_TOE,
    FullSkeleton,
)

Points = NDArray[np.float64]

# Limbs by name: (right pair, left pair) of points; the trunk has one pair.
PAIRS: dict[str, tuple[tuple[int, int], ...]] = {
    "trunk": ((1, MID_HIP),),
    "upper_arm": ((2, 3), (5, 6)),
    "forearm": ((3, 4), (6, 7)),
    "hand": ((4, RIGHT_TIP), (7, LEFT_TIP)),
    "thigh": ((8, 9), (11, 12)),
    "shin": ((9, 10), (12, 13)),
    "foot": ((10, RIGHT_TOE), (13, LEFT_TOE)),
    "neck": ((1, HEAD),),
}
STATIONS: dict[str, tuple[float, ...]] = {
    "trunk": (0.02, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.05),
    "upper_arm": (0.1, 0.3, 0.5, 0.7, 0.9),
    "forearm": (0.1, 0.3, 0.5, 0.7, 0.9),
    "hand": (0.1, 0.4, 0.7),
    "thigh": (0.15, 0.35, 0.55, 0.75, 0.95),
    "shin": (0.1, 0.3, 0.5, 0.7, 0.9),
    "foot": (0.2, 0.6),
    "neck": (0.3, 0.5),
}
"""Where along each limb widths are measured, 0 at its first point and 1 at its second."""
_DEFAULTS = {"trunk": 0.3, "upper_arm": 0.11, "forearm": 0.085, "hand": 0.07, "thigh": 0.18,
             "shin": 0.11, "foot": 0.1, "neck": 0.12}  # fmt: skip
"""Half widths in torso lengths, for what no frame shows."""
HEAD_ANGLES = np.linspace(-np.pi, np.pi, 24, endpoint=False)
"""Directions around the head, 0 up along the neck-to-head axis."""
_HEAD_DEFAULT = 0.25
_MAX_RAY = 1.1
"""Longest ray in torso lengths."""
_FOLDS = ((2, 3, 4), (5, 6, 7), (8, 9, 10), (11, 12, 13))
_FOLDED = 0.1
"""Cosine of the angle at an elbow or knee from which it counts as folded."""
_FEWEST = 3
_QUANTILE = 0.65
"""Above the median: clothes and hair count, and masks agreed better with the references than at
0.5 and 0.75."""


@dataclass(frozen=True)
class BodyWidths:
    """Half widths in pixels at the stations of each limb, and the head's outline."""

    half: dict[str, Points]
    """[stations, 2] by limb: on the outer side and on the side towards the body's middle."""
    head: Points
    """[24] distances from the head's centre in the directions HEAD_ANGLES."""
    unit: float
    """Torso length in pixels that these widths belong to."""
    skirt: Skirt | None = None
    """Cloth that hangs about both legs; None where none is known to."""

    def scaled(self, factor: float) -> BodyWidths:
        """The widths of the same person seen `factor` times as large."""
        half = {name: values * factor for name, values in self.half.items()}
        skirt = None if self.skirt is None else self.skirt.scaled(factor)
        return BodyWidths(half, self.head * factor, self.unit * factor, skirt)

    def at(self, limb: str, t: NDArray[Any]) -> Points:
        """Mean half width at positions t along a limb; the ends' width beyond them."""
        return np.asarray(np.interp(t, STATIONS[limb], self.half[limb].mean(1)), np.float64)


def measure_widths(
    skeleton: FullSkeleton,
    masks: Callable[[int], NDArray[np.uint8]],
    frames: Sequence[int],
    scale: float = 1.0,
) -> BodyWidths:
    """Measure on `frames`; `masks(i)` gives a mask uint8 [h, w] of `scale` times the joints' size.

    Returned widths are in the joints' pixels.
    """
    found: dict[str, list[list[float]]] = {
        name: [[] for _ in range(2 * len(stations))] for name, stations in STATIONS.items()
    }
    head: list[list[float]] = [[] for _ in HEAD_ANGLES]
    longest = max(4, int(_MAX_RAY * skeleton.unit * scale))
    for i in frames:
        mask = masks(i) >= 128
        points = skeleton.points[i] * scale
        seen = skeleton.seen[i]
        for name, pairs in PAIRS.items():
            for pair in pairs:
                if seen[list(pair)].all():
                    outer = outer_side(points, pair)
                    _measure_limb(mask, points, name, pair, outer, longest, found[name])
        if seen[1] and seen[HEAD]:
            _measure_head(mask, points, longest, head)
    unit = skeleton.unit
    half = {}
    for name, rows in found.items():
        if name in ("trunk", "neck"):
            rows = [rows[k - k % 2] + rows[k - k % 2 + 1] for k in range(len(rows))]
        values = np.array(
            [np.quantile(r, _QUANTILE) if len(r) >= _FEWEST else np.nan for r in rows]
        )
        sides = values.reshape(-1, 2) / scale
        sides = np.where(np.isfinite(sides), sides, sides[:, ::-1])
        default = _DEFAULTS[name] * unit
        half[name] = np.stack([_without_gaps(sides[:, k], default) for k in (0, 1)], 1)
    outline = (
        np.array([np.quantile(r, _QUANTILE) if len(r) >= _FEWEST else np.nan for r in head]) / scale
    )
    mirrored = outline[(-np.arange(len(outline))) % len(outline)]
    outline = np.where(np.isfinite(outline), outline, mirrored)
    return BodyWidths(half, _without_gaps(outline, _HEAD_DEFAULT * unit), unit)


def _without_gaps(values: Points, default: float) -> Points:
    good = np.flatnonzero(np.isfinite(values))
    if not good.size:
        return np.full(values.shape, default)
    return np.interp(np.arange(len(values)), good, values[good])


def _cast(
    mask: NDArray[np.bool_], starts: Points, directions: Points, longest: int
) -> tuple[NDArray[np.int64], Points]:
    """First step outside the mask for each ray (-1: left the picture, started outside or too
    long), and the samples [rays, steps, 2]."""
    steps = np.arange(1, longest + 1)
    samples = starts[:, None] + directions[:, None] * steps[None, :, None]
    x, y = (np.rint(samples[..., k]).astype(int) for k in (0, 1))
    h, w = mask.shape
    within = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    hit = np.where(within, mask[np.clip(y, 0, h - 1), np.clip(x, 0, w - 1)], False)
    ends = np.argmin(hit, axis=1)
    rays = np.arange(len(ends))
    good = ~hit.all(1) & hit[:, 0] & within[rays, ends]
    return np.where(good, ends, -1), samples


def _segment_distance(samples: Points, a: Points, b: Points) -> Points:
    """Distance of points [..., 2] to the segment a-b."""
    along = b - a
    t = np.clip(((samples - a) @ along) / max(float(along @ along), 1e-9), 0, 1)
    distance: Points = np.linalg.norm(samples - a - t[..., None] * along, axis=-1)
    return distance


def _others(name: str, pair: tuple[int, int]) -> list[tuple[int, int]]:
    """Bones that a ray from this limb must not come nearer to than to its own."""
    arms = [p for limb in ("upper_arm", "forearm", "hand") for p in PAIRS[limb]]
    legs = [p for limb in ("thigh", "shin") for p in PAIRS[limb]]
    if name in ("trunk", "neck"):
        return arms
    torso = [(1, MID_HIP), (2, 8), (5, 11), (1, HEAD)]
    return [p for p in arms + legs + torso if not set(p) & set(pair)]


def _measure_limb(
    mask: NDArray[np.bool_],
    points: Points,
    name: str,
    pair: tuple[int, int],
    outer: float,
    longest: int,
    rows: list[list[float]],
) -> None:
    a, b = points[pair[0]], points[pair[1]]
    length = float(np.linalg.norm(b - a))
    if length < 6:
        return
    along = (b - a) / length
    across = outer * np.array([-along[1], along[0]])
    stations = np.array(STATIONS[name])
    starts = np.repeat(a + stations[:, None] * (b - a), 2, axis=0)
    directions = np.tile(np.stack([across, -across]), (len(stations), 1))
    ends, samples = _cast(mask, starts, directions, longest)
    reach = np.arange(1, longest + 1)[None, :]
    before = reach <= np.maximum(ends, 1)[:, None]
    spoiled = np.zeros(len(ends), bool)
    for p, q in _others(name, pair):
        nearer = _segment_distance(samples, points[p], points[q]) < reach
        spoiled |= (nearer & before).any(1)
    spoiled |= np.repeat(_near_fold(points, pair, stations), 2)
    for k, (end, bad) in enumerate(zip(ends, spoiled, strict=True)):
        if end > 0 and not bad:
            rows[k].append(float(end))


def _near_fold(points: Points, pair: tuple[int, int], stations: Points) -> NDArray[np.bool_]:
    """Stations [n] beside an elbow or knee so bent that the two limbs run into one another."""
    near = np.zeros(len(stations), bool)
    for start, joint, end in _FOLDS:
        if pair not in ((start, joint), (joint, end)):
            continue
        u, v = points[start] - points[joint], points[end] - points[joint]
        cosine = (u @ v) / max(float(np.linalg.norm(u) * np.linalg.norm(v)), 1e-6)
        if cosine > _FOLDED:
            near |= stations > 0.45 if pair == (start, joint) else stations < 0.55
    return near


def outer_side(points: Points, pair: tuple[int, int]) -> float:
    """Sign of a limb's left-hand normal (-dy, dx) that points away from the body's middle."""
    facing = 1.0 if points[5, 0] >= points[2, 0] else -1.0
    right = any(pair == pairs[0] for pairs in PAIRS.values())
    return facing if right else -facing


def _measure_head(
    mask: NDArray[np.bool_], points: Points, longest: int, rows: list[list[float]]
) -> None:
    axis = points[HEAD] - points[1]
    length = float(np.linalg.norm(axis))
    if length < 4:
        return
    directions = head_directions(axis)
    starts = np.repeat(points[HEAD][None], len(directions), axis=0)
    ends, samples = _cast(mask, starts, directions, longest)
    reach = np.arange(1, longest + 1)[None, :]
    before = reach <= np.maximum(ends, 1)[:, None]
    spoiled = np.zeros(len(ends), bool)
    for p, q in [p for limb in ("upper_arm", "forearm", "hand") for p in PAIRS[limb]]:
        nearer = _segment_distance(samples, points[p], points[q]) < reach
        spoiled |= (nearer & before).any(1)
    for k, (end, bad) in enumerate(zip(ends, spoiled, strict=True)):
        if end > 0 and not bad and end < 2.2 * length:
            rows[k].append(float(end))


def head_directions(axis: Points) -> Points:
    """Unit vectors [24, 2] around the head for HEAD_ANGLES; `axis` points from neck to head."""
    up = axis / max(float(np.linalg.norm(axis)), 1e-6)
    side = np.array([-up[1], up[0]])
    around: Points = np.cos(HEAD_ANGLES)[:, None] * up + np.sin(HEAD_ANGLES)[:, None] * side
    return around
