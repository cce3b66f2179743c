"""Whether the actor wears a skirt, told from the clip's masks: between legs that stand apart there
is cloth, and no frame shows a gap.

Who stands with closed legs all the time may wear one or not: then none is taken for worn, and his
legs are drawn as they are seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.skirt import SHARES, Skirt, down_between, legs_at
from mf_backend.body.whole_skeleton import MID_HIP, FullSkeleton, Points

Flags = NDArray[np.bool_]

_BARE = ((0.3, 0.5, 0.9, 1.2, 1.9), (0.30, 0.29, 0.26, 0.24, 0.19))
"""Shares of the legs' way, and how far a leg's inside may lie from its axis there, in torso
lengths: of 533 filmed takes in trousers nineteen of twenty frames show less."""
_SLIM, _SLIMMEST = 1.5, 0.85
"""So many times as wide as the legs just below the hem may they be above it, where that is less,
but no less than this part of the widest."""
_BELOW = 6
"""Levels below the hem at which the legs' own width is looked for."""
_CROTCH = 0.45
"""Share of the thigh from which on a gap would be seen."""
_SLANTED = 0.5
"""A line from leg to leg that goes further along them than this part of its way across may follow
one of them."""
_DOWN = 0.7
"""Cosine of the angle to the trunk up to which a thigh or a shin hangs down."""
_LONG = 0.5
"""Torso lengths down the trunk that a thigh reaches at least, where it is not foreshortened."""
_HOLES = 0.1
"""Part of the frames in which a gap may be an error."""
_FEWEST = 3
_LEVELS = 4
"""Levels in one frame at which cloth has to be seen between the legs."""
_QUANTILE = 0.65
_ARM = 0.14
"""Torso lengths about an arm's axis in which an edge is the arm's."""
_REACH = 1.0
"""How far to the side cloth is looked for, in torso lengths."""
_ARMS = ((2, 3), (3, 4), (5, 6), (6, 7), (4, 20), (7, 21))
_POINTS = (8, 9, 11, 12)


@dataclass(frozen=True)
class _Look:
    """One frame, by level."""

    gap: Flags
    """Background is seen between the legs."""
    apart: Points
    """Half the distance between the legs' axes where no background is seen between them, in torso
    lengths; 0 where it is, or where the legs do not hang down."""
    inside: Points
    """How far the legs' insides lie from their axes, in torso lengths; NaN where no gap tells."""
    half: Points
    """[2, levels] pixels from the outer legs' axes to the edges, NaN where they are not seen."""


def find_skirt(skeleton: FullSkeleton, masks: Mapping[int, NDArray[np.uint8]]) -> Skirt | None:
    """The cloth about the legs, in the pixels of `masks` [h, w] by frame; None where none is sure.

    `skeleton` is in the same pixels.
    """
    looks = [
        _look(mask >= 128, skeleton.points[i], skeleton.seen[i], skeleton.unit)
        for i, mask in masks.items()
        if skeleton.seen[i, list(_POINTS)].all()
    ]
    if len(looks) < _FEWEST:
        return None
    gaps = np.sum([look.gap for look in looks], axis=0)
    open_ = (gaps > max(1, _HOLES * len(looks))) & (SHARES >= _CROTCH)
    hem = float(SHARES[np.flatnonzero(open_)[0]]) if open_.any() else float(SHARES[-1])
    above = (SHARES >= _CROTCH) & (hem > SHARES)
    bare = _widest_legs(looks, hem)
    sure = sum(int(((look.apart > bare) & above).sum() >= _LEVELS) for look in looks)
    if sure < max(_FEWEST, _HOLES * len(looks)):
        return None
    half = np.concatenate([look.half for look in looks])
    counted = np.isfinite(half).sum(0) >= _FEWEST
    counted &= hem > SHARES
    if counted.sum() < 2:
        return None
    widths = np.nanquantile(half[:, counted], _QUANTILE, axis=0)
    return Skirt(hem, np.interp(SHARES, SHARES[counted], widths))


def _widest_legs(looks: list[_Look], hem: float) -> Points:
    """How far a bare or trousered leg's inside may lie from its axis, [levels] torso lengths."""
    bare = np.interp(SHARES, *_BARE)
    start = int(np.searchsorted(SHARES, hem)) + 1
    own = np.concatenate([look.inside[start : start + _BELOW] for look in looks])
    own = own[np.isfinite(own)]
    if len(own) < _BELOW:
        return bare
    return np.minimum(bare, np.maximum(_SLIMMEST * bare, _SLIM * float(np.median(own))))


def _look(inside: Flags, points: Points, seen: Flags, unit: float) -> _Look:
    right, left = legs_at(points, SHARES)
    trunk = points[MID_HIP] - points[1]
    down = down_between(right, left, trunk)
    beside = np.stack([down[:, 1], -down[:, 0]], 1)
    apart = left - right
    aside, along = (np.abs((apart * way).sum(1)) for way in (beside, down))
    steps = np.linspace(0, 1, 65)[None, :, None]
    between, within = _sampled(inside, right[:, None] + steps * apart[:, None])
    known = within.all(1)
    if not seen[[10, 13]].all():
        known &= SHARES <= 1
    open_ = (~between).mean(1) * np.linalg.norm(apart, axis=1)
    gap = known & (open_ > max(1.0, 0.02 * unit))
    plain = known & (along < _SLANTED * aside) & _hanging(points, trunk, unit)
    closed = np.where(plain & (open_ <= 0.5), aside / 2 / unit, 0.0)
    legs = np.where(gap & plain, (aside - open_) / 2 / unit, np.nan)
    half = np.stack([
        _out(inside, (right + left) / 2, sign * beside, aside / 2, points, unit)
        for sign in (1, -1)
    ])  # fmt: skip
    return _Look(gap, closed, legs, np.where(known & (SHARES >= 0), half, np.nan))


def _hanging(points: Points, trunk: Points, unit: float) -> Flags:
    """Levels [n] at which both legs hang down and are seen at their length."""
    down = trunk / max(float(np.linalg.norm(trunk)), 1e-6)

    def slant(a: int, b: int) -> float:
        bone = points[b] - points[a]
        return float(bone @ down) / max(float(np.linalg.norm(bone)), 1e-6)

    thighs = min(slant(8, 9), slant(11, 12)) > _DOWN
    length = min(float((points[knee] - points[hip]) @ down) for hip, knee in ((8, 9), (11, 12)))
    shins = min(slant(9, 10), slant(12, 13)) > _DOWN
    upper = thighs and length > _LONG * unit
    return np.where(SHARES <= 1, upper, upper and shins).astype(bool)


def _out(
    inside: Flags, middle: Points, beside: Points, start: Points, points: Points, unit: float
) -> Points:
    """Pixels [levels] from `start` pixels off the middle on to the mask's edge; NaN where there is
    none, or an arm's."""
    reach = np.arange(0, max(2.0, _REACH * unit), 0.5)
    places = middle[:, None] + beside[:, None] * (start[:, None] + reach)[..., None]
    hit, within = _sampled(inside, places)
    ends = np.argmin(hit, axis=1)
    rows = np.arange(len(ends))
    good = ~hit.all(1) & (ends > 0) & within[rows, ends]
    edge = places[rows, ends]
    for a, b in _ARMS:
        bone = points[b] - points[a]
        t = np.clip((edge - points[a]) @ bone / max(float(bone @ bone), 1e-6), 0, 1)
        good &= np.linalg.norm(edge - points[a] - t[:, None] * bone, axis=1) > _ARM * unit
    return np.where(good, reach[ends], np.nan)


def _sampled(inside: Flags, places: Points) -> tuple[Flags, Flags]:
    """Whether the mask is set at places [..., 2], and whether they lie in the picture."""
    height, width = inside.shape
    x, y = (np.rint(places[..., k]).astype(int) for k in (0, 1))
    within = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    found = inside[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] & within
    return found, within
