"""How long the parts of a body are, in pixels, whatever way they point in the single frames.

A limb that points at the camera looks short. Where places in space are known, each frame's length
is divided by the share of the limb that lies across the view; frames count by how little that
matters in them. Both sides of a body are one measurement: people are as long left as right.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import BODY, JOINT_INDEX

Points = NDArray[np.float64]
Pair = tuple[int, int]


class Part(StrEnum):
    """A part of a body with a length of its own."""

    SHOULDER = "shoulder"
    UPPER_ARM = "upper arm"
    FOREARM = "forearm"
    TRUNK = "trunk"
    THIGH = "thigh"
    SHIN = "shin"


PAIRS: dict[Part, tuple[Pair, Pair]] = {
    Part.SHOULDER: ((1, 2), (1, 5)),
    Part.UPPER_ARM: ((2, 3), (5, 6)),
    Part.FOREARM: ((3, 4), (6, 7)),
    Part.TRUNK: ((1, 8), (1, 11)),
    Part.THIGH: ((8, 9), (11, 12)),
    Part.SHIN: ((9, 10), (12, 13)),
}
"""The joints at both ends of each part, right and left."""

BORDER = 4
"""Pixels from the picture's edge within which an estimator pins what lies outside."""
_FEWEST = 3
_FEWEST_JOINTS = 4
_LIFTED = 0.1
"""Metres that a foot is higher than the other where it no longer says how far the body is; less,
and a walker would be as large as he is over one of two steps."""
_ANKLES = (JOINT_INDEX["right_ankle"], JOINT_INDEX["left_ankle"])
_HIPS = (JOINT_INDEX["right_hip"], JOINT_INDEX["left_hip"])
_LEAST_ACROSS = 0.35
"""A limb with less than this share across the view tells nothing about its length."""
_TURN_DOUBT = 0.2
"""Error of an estimated direction in space, radians."""
_PIXEL_DOUBT = 0.03
"""Relative error of a limb seen from its side."""
_LENS = 1.2
"""Focal length over the picture's longer side, as cameras that film people have it."""
_FEET_BEHIND = 0.03
"""Metres by which the ground is put forward, too: bodies were still measured a little small."""
HEIGHT_OF_TRUNK = 3.2
"""Body height over the line from neck to hips."""
_MISPLACED = {"ankle": 0.05, "elbow": -0.045, "wrist": -0.02}
"""Metres by which an estimate's joints lie too far away, as seen from the hips: MediaPipe's against
those of eleven filmed people whose places were known, alike on nearly all."""
_CAMERA_HEIGHT = (0.6, 1.25)
"""Heights of cameras that film people, over the people's."""
_MOST = 0.5
"""Logarithm of how much a body grows at most from the middle of its way to either end."""
_NEAREST = 1.5
"""Metres from a camera within which no whole person is filmed."""
_LONG = 0.8
"""Without depth: limbs seen from their side are the longest, but so are mistakes."""
_SPREAD_DOUBT = 0.2
"""Without depth: error of a length over the spread of what the frames show of it."""


@dataclass(frozen=True)
class Length:
    """One part of a body."""

    pixels: float
    """As seen from its side."""
    doubt: float
    """Relative standard error, 0.03 for 3 %."""


@dataclass(frozen=True)
class Body:
    """One of the two bodies over the clip."""

    joints: Points
    """[frames, 60, 2] pixels, NaN absent."""
    places: Points | None = None
    """[frames, 60, 3] metres, x right, y down, z away from the camera; NaN unknown."""
    exact: bool = False
    """Whether `places` are a rig's own, from its camera, and no estimate."""
    size: tuple[int, int] | None = None
    """(width, height) of the picture whose edge cuts limbs; None where none does."""
    nearer: Points | None = None
    """[frames] pixels by which it stands lower in the picture than halfway along its way; None
    where it stays."""


class Ground(StrEnum):
    """Where lengths are measured at: how far from the camera a body is."""

    FEET = "feet"
    """Where it stands, however it bends."""
    HIPS = "hips"


def measure(body: Body, ground: Ground) -> dict[Part, Length]:
    """The parts that enough frames show to be measured, as large as they are at `ground`."""
    found = {}
    zoom = pixels_per_metre(body, ground) if body.exact else None
    around = None if body.exact else _around(body, ground)
    growth = _growth(body, around)
    for part, pairs in PAIRS.items():
        length = None
        if zoom is not None:
            length = _from_space(body, pairs, float(np.nanmedian(zoom)))
        if length is None:
            length = _from_picture(body, around, growth, pairs)
        if length is not None:
            found[part] = length
    return found


def pixels_per_metre(body: Body, ground: Ground) -> Points | None:
    """How large the body is in each frame [frames], at `ground`; NaN where unknown.

    None where no frame tells.
    """
    if body.places is None:
        return None
    flat = body.places[:, BODY, :2] - np.zeros(2)
    slopes, off = _slopes(flat, body.joints[:, BODY])
    if body.exact:
        depth = body.places[:, BODY, 2:]
        with np.errstate(invalid="ignore", divide="ignore"):
            rays, rays_off = _slopes(
                np.where(depth > 0, flat / depth, np.nan), body.joints[:, BODY]
            )
        # A camera without perspective shows all depths alike.
        if rays_off < off:
            slopes = rays / _ground(body.places, ground)[:, 2]
    slopes[~(slopes > 0)] = np.nan
    return slopes if np.isfinite(slopes).any() else None


def _ground(places: Points, ground: Ground) -> Points:
    """The point [frames, 3] where lengths are measured at: between the hips, or the lower foot,
    between both where they are alike."""
    if ground is Ground.HIPS:
        return np.asarray(places[:, _HIPS].mean(1))
    down = places[:, _ANKLES, 1]
    shares = np.exp((down - np.nanmax(down, axis=1, keepdims=True)) / _LIFTED)
    shares = shares / shares.sum(axis=1, keepdims=True)
    return np.asarray((places[:, _ANKLES] * shares[..., None]).sum(1))


def _slopes(flat: Points, joints: Points) -> tuple[Points, float]:
    """(pixels for one unit of `flat` in each frame [frames], NaN unknown; how far that is off on
    average, pixels). Both [frames, k, 2], NaN absent."""
    both = np.isfinite(flat).all(-1) & np.isfinite(joints).all(-1)
    count = np.maximum(both.sum(1), 1)[:, None]
    p, q = (np.where(both[..., None], x, 0.0) for x in (flat, joints))
    p, q = (np.where(both[..., None], x - (x.sum(1) / count)[:, None], 0.0) for x in (p, q))
    spread = (p**2).sum((1, 2))
    known = (both.sum(1) >= _FEWEST_JOINTS) & (spread > 0)
    slopes = np.where(known, (p * q).sum((1, 2)) / np.where(known, spread, 1.0), np.nan)
    off = np.linalg.norm(q - slopes[:, None, None] * p, axis=-1)
    found = off[both & known[:, None]]
    return slopes, float(found.mean()) if len(found) else float("inf")


def _from_space(body: Body, pairs: tuple[Pair, Pair], zoom: float) -> Length | None:
    """A rig's length, which its places tell whichever way it is turned."""
    assert body.places is not None
    metres = np.concatenate(
        [np.linalg.norm(body.places[:, b] - body.places[:, a], axis=-1) for a, b in pairs]
    )
    metres = metres[np.isfinite(metres)]
    if not len(metres) or np.median(metres) * zoom < 1:
        return None
    return Length(float(np.median(metres)) * zoom, 0.01)


def _from_picture(
    body: Body, around: Points | None, growth: Points, pairs: tuple[Pair, Pair]
) -> Length | None:
    samples = [_samples(body, around, pair) for pair in pairs]
    frames = np.concatenate([s[0] for s in samples])
    lengths, across = (np.concatenate([s[k] for s in samples]) for k in (1, 2))
    lengths = lengths / growth[frames]
    if len(lengths) < min(_FEWEST, len(body.joints)) or np.median(lengths) < 1:
        return None
    known = np.isfinite(across)
    if known.mean() < 0.5:
        low, middle, long = np.quantile(lengths, (1 - _LONG, 0.5, _LONG))
        return Length(float(long), _PIXEL_DOUBT + _SPREAD_DOUBT * float((long - low) / middle))
    usable = known & (np.nan_to_num(across) > _LEAST_ACROSS)
    if usable.sum() < min(_FEWEST, len(body.joints)):
        return None
    lengths, across = lengths[usable], across[usable]
    doubts = _doubts(across)
    weights = 1 / doubts**2
    whole = weighted_quantile(lengths / across, weights, 0.5)
    # The errors of one estimator repeat from frame to frame: more frames do not make it surer.
    return Length(whole, float(np.quantile(doubts, 0.25)))


def _doubts(across: Points) -> Points:
    """Relative errors of lengths of limbs of which these shares are seen."""
    lean: Points = np.sqrt(np.maximum(1 - across**2, 0)) / across
    return _PIXEL_DOUBT + _TURN_DOUBT * lean


def _growth(body: Body, around: Points | None) -> Points:
    """How much larger the body is in each frame [frames] than halfway along its way; 1 where it
    stays.

    On even ground what stands lower in the picture is larger, the more so the lower the camera.
    Which frames show a limb best would else decide how large a walker is.
    """
    if around is None or body.nearer is None:
        return np.ones(len(body.joints))
    places, sizes, doubts = [], [], []
    for pair in (pair for pairs in PAIRS.values() for pair in pairs):
        when, lengths, across = _samples(body, around, pair)
        usable = np.nan_to_num(across) > _LEAST_ACROSS
        if usable.sum() < _FEWEST:
            continue
        sizes.append(np.log(lengths[usable] / across[usable]))
        doubts.append(_doubts(across[usable]))
        places.append(body.nearer[when[usable]])
    rate = _common_rate(places, sizes, doubts) if places else 0.0
    # A camera as high as the body is has its horizon a body's height above the feet.
    height = HEIGHT_OF_TRUNK * typical(body.joints, 1)
    low, high = _CAMERA_HEIGHT
    rate = min(max(rate, 1 / (high * height)), 1 / (low * height))
    growth: Points = np.exp(np.clip(rate * body.nearer, -_MOST, _MOST))
    return growth


def typical(points: Points, joint: int) -> float:
    """Usual distance of a joint from the middle of the hips; 1 where it is never known."""
    away = np.linalg.norm(points[:, joint] - points[:, _HIPS].mean(1), axis=-1)
    away = away[np.isfinite(away)]
    return max(float(np.quantile(away, 0.8)), 1e-6) if len(away) else 1.0


def _common_rate(places: list[Points], values: list[Points], doubts: list[Points]) -> float:
    """The slope that series have in common, each about its own level; robust to outliers."""
    rate, trust = 0.0, [1 / doubt**2 for doubt in doubts]
    for _ in range(10):
        above = below = 0.0
        offs = []
        for place, value, weight in zip(places, values, trust, strict=True):
            t, v = (x - (weight * x).sum() / weight.sum() for x in (place, value))
            above, below = above + (weight * t * v).sum(), below + (weight * t * t).sum()
            offs.append((t, v))
        rate = above / max(below, 1e-9)
        trust = [
            1 / doubt**2 / (1 + ((v - rate * t) / (2 * doubt)) ** 2) ** 2
            for (t, v), doubt in zip(offs, doubts, strict=True)
        ]
    return float(rate)


def _around(body: Body, ground: Ground) -> Points | None:
    """An estimate's places [frames, 60, 3] about `ground` in depth and about the hips across, in
    units of the camera's distance; None where there are none.

    The distance follows from the body's size in pixels and a usual lens.
    """
    zoom = pixels_per_metre(body, ground)
    if zoom is None or body.places is None or body.size is None:
        return None
    distance = _LENS * max(body.size) / float(np.nanmedian(zoom))
    about = body.places - np.zeros(3)
    for name, metres in _MISPLACED.items():
        about[:, [JOINT_INDEX[f"{side}_{name}"] for side in ("right", "left")], 2] -= metres
    about[..., 2] -= _ground(about, ground)[:, None, 2]
    if ground is Ground.FEET:
        about[..., 2] += _FEET_BEHIND
    return about / max(distance, _NEAREST)


def _samples(
    body: Body, around: Points | None, pair: Pair
) -> tuple[NDArray[np.intp], Points, Points]:
    """(frame, length in pixels, what of the limb is seen of 1) [k each] of the frames that show
    both ends inside the picture; the last is NaN where unknown. `around`: see _around."""
    ends = body.joints[:, pair]
    good = np.isfinite(ends).all((1, 2))
    if body.size is not None:
        with np.errstate(invalid="ignore"):
            limit = np.array(body.size) - 1 - BORDER
            good &= ((ends >= BORDER) & (ends <= limit)).all((1, 2))
    lengths = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=-1)
    across = np.full(len(ends), np.nan)
    if around is not None:
        limb = around[:, pair[1]] - around[:, pair[0]]
        full = np.linalg.norm(limb, axis=-1)
        # Seen from where the camera is: what is nearer is larger, and no ray is like another.
        ends = around[:, pair]
        with np.errstate(invalid="ignore", divide="ignore"):
            flat = ends[..., :2] / (1 + ends[..., 2:])
            across = np.linalg.norm(flat[:, 1] - flat[:, 0], axis=-1) / full
    return np.flatnonzero(good), lengths[good], across[good]


def weighted_quantile(values: Points, weights: Points, share: float) -> float:
    """The value under which a share (0..1) of the weights lies."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(share * weights.sum(), below, values[order]))
