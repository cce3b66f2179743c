"""Fitting the target skeletons to the actor: pure functions on joint arrays.

`fit` keeps one scale for the whole clip and gives each limb the actor's own length; `matched`
leaves the skeletons as rendered; `released` is the per-frame mask-box rule that the released
examples were made with, kept for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import Alignment
from mf_backend.retarget.limbs import measure_ratios, rebuild
from mf_backend.skeleton.joints import JOINT_INDEX

Joints = NDArray[np.float32]
Points = NDArray[np.float64]

_ANKLES = (JOINT_INDEX["right_ankle"], JOINT_INDEX["left_ankle"])
_HIPS = (JOINT_INDEX["right_hip"], JOINT_INDEX["left_hip"])
_NECK = JOINT_INDEX["neck"]


class Anchor(StrEnum):
    """The part of the actor on which the target skeletons are placed."""

    AUTO = "auto"
    FEET = "feet"
    HIPS = "hips"


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
    if mode is Alignment.MATCHED:
        report = AlignmentReport("matched", 1.0, (0.0, 0.0), "none")
        return AlignmentResult(target.astype(np.float32), report)
    if mode is Alignment.RELEASED:
        return _released(target, options)
    return _fit(target, source, options)


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


def _fit(target: Points, source: Points, options: AlignmentOptions) -> AlignmentResult:
    """One scale for the clip, limb lengths of the actor, anchored on feet or hips."""
    ratios = measure_ratios(target, source, options.size)
    if ratios is None:
        raise InputError(
            "align-no-limbs",
            "The target skeletons cannot be fitted: no limb is seen on both the actor and the rig.",
            "See that the clip shows the actor's arms or legs and that the camera sees the rig's, "
            "or use the alignment 'matched' (Matched Camera).",
        )
    notes: list[str] = list(ratios.notes)
    shaped = rebuild(target, ratios) if options.keep_limb_lengths else target * ratios.scale
    anchor = _choose_anchor(target, source, options)
    if anchor is Anchor.FEET:
        weights = _support_weights(target)
        path = _weighted(target, _ANKLES, weights)
        now = _weighted(shaped, _ANKLES, weights)
        goal = _middle(_weighted(source, _ANKLES, _support_weights(source)))
    else:
        pair = _HIPS if _seen(source, _HIPS, options.size) else (_NECK, _NECK)
        if pair == (_NECK, _NECK):
            notes.append("The actor's hips are not in the picture; anchored on the neck.")
        path, now = (_centre(joints, pair) for joints in (target, shaped))
        goal = _middle(_centre(source, pair))
    wanted = goal + ratios.scale * (path - _middle(path))
    move = _fill(wanted - now)
    joints = shaped + move[:, None]
    offset = np.nan_to_num(goal - _middle(path))
    ankle_seen = _seen(source, _ANKLES, options.size)
    if not ankle_seen and anchor is Anchor.HIPS:
        notes.append("The actor's feet are not in the picture; anchored on the hips.")
    report = AlignmentReport(
        "fit",
        ratios.scale,
        (float(offset[0]), float(offset[1])),
        anchor.value,
        ratios.relative() if options.keep_limb_lengths else {},
        tuple(notes),
    )
    return AlignmentResult(joints.astype(np.float32), report)


def _choose_anchor(target: Points, source: Points, options: AlignmentOptions) -> Anchor:
    """Feet where both show them and the rig stands on them, else hips."""
    if options.anchor is not Anchor.AUTO:
        return options.anchor
    if not (_seen(source, _ANKLES, options.size) and _present(target, _ANKLES)):
        return Anchor.HIPS
    foot = _weighted(target, _ANKLES, _support_weights(target))
    hips = _centre(target, _HIPS)
    spread = [float(np.nanmean(np.nanstd(path, axis=0))) for path in (foot, hips)]
    # A rig whose supporting foot wanders further than its hips is in the air, not standing.
    return Anchor.FEET if spread[0] <= spread[1] * 1.25 + 1.0 else Anchor.HIPS


def _present(joints: Points, pair: tuple[int, int]) -> bool:
    return bool(np.isfinite(joints[:, pair]).all((1, 2)).mean() >= 0.5)


def _seen(joints: Points, pair: tuple[int, int], size: tuple[int, int], border: int = 4) -> bool:
    """Whether both joints are inside the picture (and not pinned to its edge) in most frames."""
    limit = np.array(size) - 1 - border
    points = joints[:, pair]
    with np.errstate(invalid="ignore"):
        inside = (points >= border) & (points <= limit)
    return bool(inside.all((1, 2)).mean() >= 0.5)


def _height(joints: Points) -> float:
    """Median vertical extent of the body joints, pixels."""
    y = joints[:, :18, 1]
    y = y[np.isfinite(y).any(1)]
    return float(np.median(np.nanmax(y, 1) - np.nanmin(y, 1))) if len(y) else 0.0


def _support_weights(joints: Points) -> Points:
    """How much each ankle [frames, 2] carries the body: near 1 for the lower one, smoothly."""
    y = joints[:, _ANKLES, 1]
    soft = max(0.03 * _height(joints), 1e-3)
    difference = np.clip((y[:, 0] - y[:, 1]) / soft, -30, 30)
    right = 1 / (1 + np.exp(-difference))
    return np.stack([right, 1 - right], 1)


def _weighted(joints: Points, pair: tuple[int, int], weights: Points) -> Points:
    path: Points = (joints[:, pair] * weights[..., None]).sum(1)
    return path


def _centre(joints: Points, pair: tuple[int, int]) -> Points:
    centre: Points = joints[:, pair].mean(1)
    return centre


def _middle(path: Points) -> Points:
    """Median point of a path [frames, 2]; NaN frames ignored."""
    seen = path[np.isfinite(path).all(1)]
    return np.median(seen, axis=0) if len(seen) else np.full(2, np.nan)


def _fill(move: Points) -> Points:
    """Offsets [frames, 2] with gaps interpolated, so that a lost anchor makes no jump."""
    good = np.flatnonzero(np.isfinite(move).all(1))
    if not good.size:
        return np.zeros_like(move)
    frames = np.arange(len(move))
    return np.stack([np.interp(frames, good, move[good, axis]) for axis in (0, 1)], 1)


__all__ = [
    "AlignmentOptions",
    "AlignmentReport",
    "AlignmentResult",
    "Anchor",
    "align",
    "mask_box",
    "similarity_between",
]
