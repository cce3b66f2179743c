"""Fitting the target skeletons to the actor: pure functions on joint arrays.

`fit` keeps one scale for the whole clip and gives each limb the actor's own length; `matched`
leaves the skeletons as rendered; `released` is the per-frame mask-box rule that the released
examples were made with, kept for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import Alignment
from mf_backend.retarget.lengths import Body
from mf_backend.retarget.limbs import measure_ratios, rebuild
from mf_backend.retarget.placement import (
    ANKLES,
    HIPS,
    NECK,
    Anchor,
    View,
    centre,
    choose_anchor,
    filled,
    held_place,
    middle_of,
    nearer,
    resting,
    seen,
    support,
    weighted,
)
from mf_backend.skeleton.joints import BODY

Joints = NDArray[np.float32]
Points = NDArray[np.float64]

_LINED_UP = 1.25
"""A rig that is larger or smaller than the actor by more than this was not lined up."""
_LEAST_INSIDE = 0.5
"""Share of the body's joints that a fitted skeleton has in the picture at least."""


@dataclass(frozen=True)
class AlignmentOptions:
    """How `fit` and `released` work. Boxes are float [frames, 4]: x0, y0, x1, y1 (inclusive)."""

    size: tuple[int, int]
    """(width, height) of the clip in pixels."""
    keep_limb_lengths: bool = True
    """Give each limb the actor's length."""
    anchor: Anchor = Anchor.AUTO
    source_boxes: NDArray[Any] | None = None
    """Boxes of the actor's masks; `released` only."""
    target_boxes: NDArray[Any] | None = None
    """Boxes of the target person's masks; `released` only."""
    source_world: NDArray[Any] | None = None
    target_positions: NDArray[Any] | None = None
    """[frames, 60, 3] both bodies in metres, as in Conditions; None where not known."""
    view: View = field(default_factory=View)


@dataclass(frozen=True)
class AlignmentReport:
    """What an alignment did, for people and for the job's report."""

    mode: str
    scale: float
    """Actor's size over the rig's; for `released` the median over frames."""
    offset: tuple[float, float]
    """Pixels that the anchor moved, median over frames."""
    anchor: str
    limb_ratios: dict[str, float] = field(default_factory=dict)
    """Actor's limb length over the rig's after `scale`; 1 means the same proportion."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-serialisable form."""
        return {
            "mode": self.mode,
            "scale": round(self.scale, 4),
            "offset": [round(x, 2) for x in self.offset],
            "anchor": self.anchor,
            "limb_ratios": {name: round(value, 4) for name, value in self.limb_ratios.items()},
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class AlignmentResult:
    """Aligned joints float32 [frames, 60, 2] and what was done."""

    joints: Joints
    report: AlignmentReport
    actor_size: float = 1.0
    """The actor's size in the clip over that of the aligned joints."""


def align(
    target_joints: NDArray[Any],
    source_joints: NDArray[Any],
    mode: Alignment,
    options: AlignmentOptions,
) -> AlignmentResult:
    """Fit target joints [frames, 60, 2] to the actor's, both in the clip's pixels, NaN absent.

    Raises InputError where the two have no limb in common (`fit`) or a mask box is missing
    (`released`), or their frame counts differ.
    """
    target = np.asarray(target_joints, np.float64)
    source = np.asarray(source_joints, np.float64)
    if target.shape != source.shape:
        raise InputError(
            "align-count",
            f"There are {len(target)} target skeletons for {len(source)} frames of the clip.",
            "Render one target skeleton for each frame.",
        )
    rig = Body(target, _exact(options.target_positions), exact=True)
    actor = Body(source, _exact(options.source_world), size=options.size)
    actor = replace(actor, nearer=nearer(actor, options.view))
    if mode is Alignment.RELEASED:
        released = _released(target, options)
        size = _actor_size(Body(np.asarray(released.joints, np.float64)), actor)
        return replace(released, actor_size=size)
    return (_matched if mode is Alignment.MATCHED else _fit)(rig, actor, options)


def _exact(places: NDArray[Any] | None) -> Points | None:
    return None if places is None else np.asarray(places, np.float64)


def mask_box(mask: NDArray[Any]) -> tuple[int, int, int, int] | None:
    """Inclusive box (x0, y0, x1, y1) of a mask's pixels of 128 and more, None where empty."""
    inside = np.asarray(mask) >= 128
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def similarity_between(before: NDArray[Any], after: NDArray[Any]) -> Points:
    """Least-squares similarity [2, 3] that takes joints `before` [N, 2] to `after`, NaN ignored.

    The identity where fewer than two joints are common. Moves a mask along with its skeleton.
    """
    both = np.isfinite(before).all(1) & np.isfinite(after).all(1)
    identity = np.eye(2, 3)
    if both.sum() < 2:
        return identity
    p, q = (np.asarray(a, np.float64)[both] for a in (before, after))
    p0, q0 = p.mean(0), q.mean(0)
    zp, zq = (p - p0) @ (1, 1j), (q - q0) @ (1, 1j)
    spread = float((np.abs(zp) ** 2).sum())
    if spread < 1e-6:
        identity[:, 2] = q0 - p0
        return identity
    c = (zq * zp.conj()).sum() / spread
    turn = np.array([[c.real, -c.imag], [c.imag, c.real]])
    return np.column_stack([turn, q0 - turn @ p0])


def _released(target: Points, options: AlignmentOptions) -> AlignmentResult:
    """Scale about the bottom centre of the target's mask box by the ratio of box heights."""
    if options.source_boxes is None or options.target_boxes is None:
        raise InputError(
            "released-needs-masks",
            "The alignment 'released' needs masks of the target person.",
            "Give them with --target-masks, or use 'fit'.",
        )
    s = np.asarray(options.source_boxes, np.float64)
    t = np.asarray(options.target_boxes, np.float64)
    bad = np.flatnonzero(~(np.isfinite(s).all(1) & np.isfinite(t).all(1)))
    if bad.size:
        raise InputError(
            "released-empty-mask",
            f"The alignment 'released' found an empty mask on frame {bad[0]}.",
            "Repair that mask, or use 'fit'.",
        )
    scale = (s[:, 3] - s[:, 1] + 1) / (t[:, 3] - t[:, 1] + 1)
    about = np.stack([(t[:, 0] + t[:, 2]) / 2, t[:, 3]], 1)
    joints = about[:, None] + scale[:, None, None] * (target - about[:, None])
    report = AlignmentReport("released", float(np.median(scale)), (0.0, 0.0), "target mask box")
    return AlignmentResult(joints.astype(np.float32), report)


def _fit(target: Body, source: Body, options: AlignmentOptions) -> AlignmentResult:
    """One scale for the clip, limb lengths of the actor, anchored on feet or hips."""
    ratios = measure_ratios(target, source)
    if ratios is None:
        raise InputError(
            "align-no-limbs",
            "The target skeletons cannot be fitted: no limb is seen on both the actor and the rig.",
            "See that the clip shows the actor's arms or legs and that the camera sees the rig's, "
            "or use the alignment 'matched' (Matched Camera).",
        )
    notes: list[str] = list(ratios.notes)
    plain = target.joints * ratios.scale
    shaped = rebuild(target.joints, ratios) if options.keep_limb_lengths else plain
    anchor = choose_anchor(target, source, options.anchor)
    sure: tuple[Points | None, Points | None] = (None, None)
    if anchor is Anchor.FEET:
        weights = support(target)
        path, now = (weighted(joints, ANKLES, weights) for joints in (plain, shaped))
        place = weighted(source.joints, ANKLES, support(source))
        sure = resting(target), resting(source)
    else:
        pair = HIPS if seen(source, HIPS) else NECK
        if pair == NECK:
            notes.append("The actor's hips are not in the picture; anchored on the neck.")
        elif not seen(source, ANKLES):
            notes.append("The actor's feet are not in the picture; anchored on the hips.")
        path, now = (centre(joints, pair) for joints in (plain, shaped))
        place = centre(source.joints, pair)
    seen_first = options.view.at_first(place)
    goal = middle_of(seen_first, sure[1])
    spot = np.broadcast_to(goal, seen_first.shape)
    if anchor is Anchor.FEET and options.view.to_first is not None:
        spot = held_place(source, seen_first)
    wanted = options.view.at_frames(spot + path - middle_of(path, sure[0]))
    joints = shaped + filled(wanted - now)[:, None]
    offset = np.nan_to_num(goal - middle_of(target.joints[:, ANKLES].mean(1)))
    notes += _out_of_view(joints, options.size)
    report = AlignmentReport(
        "fit",
        ratios.scale,
        (float(offset[0]), float(offset[1])),
        anchor.value,
        ratios.relative() if options.keep_limb_lengths else {},
        tuple(notes),
    )
    return AlignmentResult(joints.astype(np.float32), report)


def _matched(target: Body, source: Body, options: AlignmentOptions) -> AlignmentResult:
    """The skeletons as they are, and a word where they cannot be this actor's."""
    notes = _out_of_view(target.joints, options.size)
    actor_size = _actor_size(target, source)
    apart = not 1 / _LINED_UP < actor_size < _LINED_UP
    if target.places is not None and not apart:
        # Whoever lined a rig up meant it to be the actor; what is measured is the error.
        actor_size = 1.0
    if apart:
        notes.append(
            f"The rig is {1 / actor_size:.2f} times as large in the picture as the actor; line "
            "it up in the camera view, or use the alignment `fit` (Fit to Actor)."
        )
    report = AlignmentReport("matched", 1.0, (0.0, 0.0), "none", notes=tuple(notes))
    return AlignmentResult(target.joints.astype(np.float32), report, actor_size)


def _actor_size(target: Body, source: Body) -> float:
    """The actor's size over an aligned skeleton's; 1 where nothing tells."""
    # Without the one's depth the other's would make its foreshortened limbs long alone.
    like = source if target.places is not None else replace(source, places=None)
    ratios = measure_ratios(target, like)
    return 1.0 if ratios is None else float(np.clip(ratios.scale, 0.1, 10))


def _out_of_view(joints: Points, size: tuple[int, int]) -> list[str]:
    """A sentence where most of the skeleton is outside the picture most of the time."""
    body = joints[:, BODY]
    there = np.isfinite(body).all(-1)
    with np.errstate(invalid="ignore"):
        inside = ((body >= 0) & (body <= np.array(size) - 1)).all(-1)
    shares = inside.sum(1)[there.any(1)] / np.maximum(there.sum(1), 1)[there.any(1)]
    if not len(shares) or np.median(shares) >= _LEAST_INSIDE:
        return []
    return [
        "Most of the target skeleton lies outside the picture; see that the clip shows the actor "
        "from head to feet, or choose another alignment."
    ]


__all__ = [
    "AlignmentOptions",
    "AlignmentReport",
    "AlignmentResult",
    "Anchor",
    "align",
    "mask_box",
    "similarity_between",
]
