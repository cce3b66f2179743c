"""The actor's proportions beside the rig's, and a skeleton rebuilt with other limb lengths."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.retarget.lengths import (
    PAIRS,
    Body,
    Ground,
    Length,
    Pair,
    Part,
    measure,
    weighted_quantile,
)
from mf_backend.skeleton.joints import BODY_JOINTS, LEFT_HAND, LIMBS, RIGHT_HAND

Points = NDArray[np.float64]

_FACE = ((1, 0), (0, 14), (0, 15), (14, 16), (15, 17), (14, 15), (16, 17))
_PART = {limb: part for part, pairs in PAIRS.items() for limb in pairs}
_INNER = {Part.SHIN: Part.THIGH, Part.FOREARM: Part.UPPER_ARM}
"""Outer parts and the one before each, whose ratio stands in where the outer one is not seen."""
_ANKLES = PAIRS[Part.SHIN][0][1], PAIRS[Part.SHIN][1][1]
_HAND_SPAN = (0, 9)
_FEWEST = 3
_PROPORTION = 0.1
"""How far a part's ratio usually is from the whole body's (relative); 0.07 between people."""
_DRAWN = 1.5
"""A difference over this is how much such a body may differ, too: drawn rigs are no people."""
_AGREE = 0.08
"""Ratios within about this of each other (relative) vote for one scale."""
_CUT = 0.6
"""A part shorter than this beside the others was not seen whole: the picture's edge, or something
in front, cuts it."""
_APART = 1.35
_FACE_DOUBT = 0.08


@dataclass(frozen=True)
class LimbRatios:
    """Actor's length over the rig's, in pixels, for the whole clip."""

    scale: float
    limbs: dict[Pair, float]
    """Ratio for each of LIMBS."""
    hands: float
    notes: tuple[str, ...] = ()

    def relative(self) -> dict[str, float]:
        """Ratios by name, 1 where a limb has the rig's own proportion."""
        names = {f"{BODY_JOINTS[a]}-{BODY_JOINTS[b]}": r for (a, b), r in self.limbs.items()}
        names["hands"] = self.hands
        return {name: ratio / self.scale for name, ratio in names.items()}


def measure_ratios(target: Body, source: Body) -> LimbRatios | None:
    """Measure the ratios of rig (`target`) and actor; None where no limb is common to both.

    The scale is what most parts agree on, the surest and longest counting most. A part's own ratio
    is believed as far as its measurement is surer than that bodies are alike.
    """
    # One place for both: who bends has the hips elsewhere than where he stands.
    stands = all(_stands(body) for body in (source, target))
    ground = Ground.FEET if stands else Ground.HIPS
    actor, rig = measure(source, ground), measure(target, ground)
    votes = {
        part: (math.log(actor[part].pixels / rig[part].pixels), _doubt(actor[part], rig[part]))
        for part in PAIRS
        if part in actor and part in rig
    }
    _leave_out_cut(votes)
    face = _face_ratio(source, target)
    if not votes and not np.isfinite(face):
        return None
    notes = []
    if votes:
        scale = math.exp(_agreed(votes, rig))
    else:
        scale = face
        notes.append("Only the head was seen on both; scaled by the head.")
    cut = [part for part, (ratio, _) in votes.items() if ratio < math.log(scale * _CUT)]
    for part in cut:
        del votes[part]
    parts = {
        part: scale * math.exp(_believed(ratio - math.log(scale), doubt))
        for part, (ratio, doubt) in votes.items()
    }
    if votes:
        notes += _remarks(votes, scale)
    for part in PAIRS:
        if part not in parts:
            parts[part] = parts.get(_INNER.get(part, part), scale)
    head = scale
    if np.isfinite(face):
        head = scale * math.exp(_believed(math.log(face / scale), _FACE_DOUBT))
    limbs = {limb: parts[_PART[limb]] if limb in _PART else head for limb in LIMBS}
    limbs = {k: float(np.clip(v, scale * 0.5, scale * 2.0)) for k, v in limbs.items()}
    hands = _hand_ratio(source.joints, target.joints)
    hands = hands if np.isfinite(hands) and 0.5 < hands / scale < 2 else scale
    return LimbRatios(scale, limbs, float(hands), tuple(notes))


def _stands(body: Body) -> bool:
    """Whether the feet are known in most frames."""
    feet = body.joints[:, _ANKLES]
    known = np.isfinite(feet).all((1, 2))
    if body.places is not None:
        known &= np.isfinite(body.places[:, _ANKLES]).all((1, 2))
    return bool(known.mean() >= 0.5)


def _doubt(actor: Length, rig: Length) -> float:
    return math.hypot(actor.doubt, rig.doubt)


def _leave_out_cut(votes: dict[Part, tuple[float, float]]) -> None:
    """Drop outer parts that are far too short beside their inner ones: an ankle below the picture
    is often reported just inside it."""
    for outer, inner in _INNER.items():
        if outer in votes and inner in votes and votes[outer][0] - votes[inner][0] < math.log(_CUT):
            del votes[outer]


def _agreed(votes: dict[Part, tuple[float, float]], rig: dict[Part, Length]) -> float:
    """The logarithm of the scale that most parts agree on."""
    values = np.array([ratio for ratio, _ in votes.values()])
    doubts = np.hypot([doubt for _, doubt in votes.values()], _AGREE)
    # Long parts are what one sees of a body's size.
    weights = np.sqrt([rig[part].pixels for part in votes]) / doubts**2
    middle = weighted_quantile(values, weights, 0.5)
    for _ in range(20):
        off = (values - middle) / (2 * doubts)
        trust = weights / (1 + off**2) ** 2
        middle = float((trust * values).sum() / trust.sum())
    return middle


def _believed(apart: float, doubt: float) -> float:
    """A part's measured difference from the scale (logarithm), drawn to none by its doubt: among
    bodies alike, small differences are mistakes, large ones hardly ever."""
    found = apart
    for _ in range(20):
        differs = _PROPORTION**2 + (found / _DRAWN) ** 2
        found = apart * differs / (differs + doubt**2)
    return found


def _remarks(votes: dict[Part, tuple[float, float]], scale: float) -> list[str]:
    """Sentences on what was not seen, and on bodies that differ."""
    remarks = []
    unseen = [limb for limb in LIMBS if limb in _PART and _PART[limb] not in votes]
    if unseen:
        remarks.append(
            "Not seen whole on the actor, so scaled with the rest: "
            + ", ".join(f"{_words(a)} to {_words(b)}" for a, b in unseen)
            + "."
        )
    apart = {
        part: math.exp(ratio) / scale
        for part, (ratio, doubt) in votes.items()
        if abs(ratio - math.log(scale)) > math.log(_APART) + doubt
    }
    if apart:
        said = ", ".join(f"{part} {factor:.2f}" for part, factor in apart.items())
        remarks.append(
            f"Clip and rig disagree about the body's proportions (actor's length over the rig's, "
            f"1 where they agree: {said}). Look at the fitted skeleton, and at the rig's bones."
        )
    return remarks


def _face_ratio(source: Body, target: Body) -> float:
    """Ratio of summed median lengths over the pairs of the face seen on both; NaN unknown."""
    lengths = np.array(
        [(_median(source.joints, pair), _median(target.joints, pair)) for pair in _FACE]
    )
    both = np.isfinite(lengths).all(1)
    if not both.any():
        return float("nan")
    actor, rig = lengths[both].sum(0)
    return float(actor / rig) if rig > 0 and actor > 0 else float("nan")


def _lengths(joints: Points, pair: Pair) -> Points:
    ends = joints[:, pair]
    good = np.isfinite(ends).all((1, 2))
    lengths: Points = np.linalg.norm(ends[good, 0] - ends[good, 1], axis=-1)
    return lengths


def _median(joints: Points, pair: Pair) -> float:
    lengths = _lengths(joints, pair)
    return float(np.median(lengths)) if len(lengths) >= min(_FEWEST, len(joints)) else float("nan")


def _words(joint: int) -> str:
    """A body joint as a person reads it: "left elbow"."""
    return BODY_JOINTS[joint].replace("_", " ")


def _hand_ratio(source: Points, target: Points) -> float:
    """Ratio of the longest palms (wrist to middle knuckle) seen over the clip."""
    spans = []
    for joints in (source, target):
        palms = [_lengths(joints[:, h], _HAND_SPAN) for h in (LEFT_HAND, RIGHT_HAND)]
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
