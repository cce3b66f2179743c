"""Limb lengths of the actor and the rig, and a skeleton rebuilt with other limb lengths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import BODY_JOINTS, LEFT_HAND, LIMBS, RIGHT_HAND

Points = NDArray[np.float64]

_FACE = ((1, 0), (0, 14), (0, 15), (14, 16), (15, 17), (14, 15), (16, 17))
_MIRROR = {(1, 2): (1, 5), (2, 3): (5, 6), (3, 4): (6, 7), (1, 8): (1, 11), (8, 9): (11, 12),
           (9, 10): (12, 13)}  # fmt: skip
_MIRROR |= {right: left for left, right in _MIRROR.items()}
_CUT_BY = {(9, 10): (8, 9), (12, 13): (11, 12), (3, 4): (2, 3), (6, 7): (5, 6)}
"""Outer limbs and the limb before each, whose ratio stands in where the outer one is not seen."""
_HAND_SPAN = (0, 9)
_BORDER = 4
_FEWEST = 3
_SAME = 1.25
"""Sides whose lengths differ by more than this factor: the short one is seen foreshortened."""


@dataclass(frozen=True)
class LimbRatios:
    """Actor's length over the rig's, in pixels, for the whole clip."""

    scale: float
    limbs: dict[tuple[int, int], float]
    """Ratio for each of LIMBS."""
    hands: float
    notes: tuple[str, ...] = ()

    def relative(self) -> dict[str, float]:
        """Ratios by name, 1 where a limb has the rig's own proportion."""
        names = {f"{BODY_JOINTS[a]}-{BODY_JOINTS[b]}": r for (a, b), r in self.limbs.items()}
        names["hands"] = self.hands
        return {name: ratio / self.scale for name, ratio in names.items()}


def _lengths(joints: Points, pair: tuple[int, int], size: tuple[int, int] | None) -> Points:
    """Lengths of a limb in the frames where both ends are seen and not pinned to the border."""
    ends = joints[:, pair]
    good = np.isfinite(ends).all((1, 2))
    if size is not None:
        with np.errstate(invalid="ignore"):
            limit = np.array(size) - 1 - _BORDER
            good &= ((ends >= _BORDER) & (ends <= limit)).all((1, 2))
    lengths: Points = np.linalg.norm(ends[good, 0] - ends[good, 1], axis=-1)
    return lengths


def _median(joints: Points, pair: tuple[int, int], size: tuple[int, int] | None) -> float:
    lengths = _lengths(joints, pair, size)
    fewest = min(_FEWEST, len(joints))
    return float(np.median(lengths)) if len(lengths) >= fewest else float("nan")


def measure_ratios(target: Points, source: Points, size: tuple[int, int]) -> LimbRatios | None:
    """Measure the ratios from joints [frames, 60, 2]; None where no limb is common to both.

    Lengths are medians over the clip. A limb cut by the picture's edge is not measured: estimators
    pin its end to the edge. Where one side is much shorter than the other it was seen
    foreshortened, and both sides take the longer one's length.
    """
    own: dict[tuple[int, int], tuple[float, float]] = {}
    for limb in LIMBS:
        own[limb] = (_median(source, limb, size), _median(target, limb, None))
    limbs: dict[tuple[int, int], float] = {}
    weights: dict[tuple[int, int], float] = {}
    for limb, (actor, rig) in own.items():
        if limb in _FACE:
            continue
        other = _MIRROR[limb]
        both_sides = np.array([own[limb], own[other]])
        spread = _spread(both_sides)
        if limb in _CUT_BY and _cut(own, limb):
            continue
        if not np.isfinite([actor, rig]).all() or np.any(spread > _SAME):
            actor, rig = (_longest(both_sides[:, k]) for k in (0, 1))
        if np.isfinite([actor, rig]).all() and actor > 1 and rig > 1:
            limbs[limb], weights[limb] = actor / rig, actor
    face = _pooled(source, target, _FACE, size)
    if not limbs and not np.isfinite(face):
        return None
    notes = []
    if limbs:
        # Weighted by length: long limbs are measured with the smallest relative error.
        scale = _weighted_median(np.array(list(limbs.values())), np.array(list(weights.values())))
    else:
        scale = face
        notes.append("Only the head was seen on both; scaled by the head.")
    unseen = [limb for limb in LIMBS if limb not in limbs and limb not in _FACE]
    if unseen and limbs:
        notes.append(
            "Not seen whole on the actor, so scaled with the rest: "
            + ", ".join(f"{_words(a)} to {_words(b)}" for a, b in unseen)
            + "."
        )
    for limb in LIMBS:
        if limb not in limbs:
            near = limbs.get(_CUT_BY.get(limb, limb), scale)
            limbs[limb] = face if limb in _FACE and np.isfinite(face) else near
    limbs = {k: float(np.clip(v, scale * 0.5, scale * 2.0)) for k, v in limbs.items()}
    hands = _hand_ratio(source, target, size)
    hands = hands if np.isfinite(hands) and 0.5 < hands / scale < 2 else scale
    return LimbRatios(scale, limbs, float(hands), tuple(notes))


def _cut(own: dict[tuple[int, int], tuple[float, float]], limb: tuple[int, int]) -> bool:
    """Whether an outer limb is too short beside its inner one to have been seen whole.

    An ankle below the picture is often reported just inside it. The rig shows what is natural.
    """
    outer, inner = (np.array(own[key]) for key in (limb, _CUT_BY[limb]))
    with np.errstate(invalid="ignore", divide="ignore"):
        actor, rig = outer / inner
    return bool(actor < 0.5 and (not np.isfinite(rig) or actor < 0.6 * rig or rig < 0.5))


def _spread(both_sides: Points) -> Points:
    """Longer over shorter side for actor and rig [2]; 1 where neither side was measured."""
    if not np.isfinite(both_sides).any(0).all():
        return np.ones(2)
    longest: Points = np.nanmax(both_sides, 0)
    spread: Points = longest / np.maximum(np.nanmin(both_sides, 0), 1e-6)
    return spread


def _longest(values: Points) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else float("nan")


def _weighted_median(values: Points, weights: Points) -> float:
    order = np.argsort(values)
    below = np.cumsum(weights[order]) - weights[order] / 2
    return float(np.interp(weights.sum() / 2, below, values[order]))


def _pooled(
    source: Points, target: Points, pairs: tuple[tuple[int, int], ...], size: tuple[int, int]
) -> float:
    """Ratio of summed median lengths over the pairs seen on both."""
    lengths = np.array([(_median(source, p, size), _median(target, p, None)) for p in pairs])
    both = np.isfinite(lengths).all(1)
    if not both.any():
        return float("nan")
    actor, rig = lengths[both].sum(0)
    return float(actor / rig) if rig > 0 else float("nan")


def _words(joint: int) -> str:
    """A body joint as a person reads it: "left elbow"."""
    return BODY_JOINTS[joint].replace("_", " ")


def _hand_ratio(source: Points, target: Points, size: tuple[int, int]) -> float:
    """Ratio of the longest palms (wrist to middle knuckle) seen over the clip."""
    spans = []
    for joints in (source, target):
        palms = [_lengths(joints[:, h], _HAND_SPAN, None) for h in (LEFT_HAND, RIGHT_HAND)]
        all_palms = np.concatenate(palms)
        spans.append(np.quantile(all_palms, 0.75) if len(all_palms) >= _FEWEST else np.nan)
    return float(spans[0] / spans[1]) if spans[1] > 0 else float("nan")


def rebuild(target: Points, ratios: LimbRatios) -> Points:
    """Target joints [frames, 60, 2] with each limb's projected vector times its ratio.

    Built outwards from the neck, which stays at its scaled place. A joint whose parent is absent
    keeps its place in the uniformly scaled skeleton.
    """
    uniform = target * ratios.scale
    out = uniform.copy()
    for a, b in LIMBS:
        step = (target[:, b] - target[:, a]) * ratios.limbs[(a, b)]
        placed = out[:, a] + step
        out[:, b] = np.where(np.isfinite(placed), placed, uniform[:, b])
    for hand, wrist in ((LEFT_HAND, 7), (RIGHT_HAND, 4)):
        root = np.where(np.isfinite(target[:, wrist]), target[:, wrist], target[:, hand.start])
        moved = np.where(np.isfinite(target[:, wrist]), out[:, wrist], uniform[:, hand.start])
        out[:, hand] = moved[:, None] + ratios.hands * (target[:, hand] - root[:, None])
    return out
