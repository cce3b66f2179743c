"""Where the fitted skeleton stands: on the feet that carry the body, else by hips or neck.

Paths are followed over the whole clip in pixels of its first frame, so that a camera that moves
with the actor does not count as the actor's own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mf_backend.retarget.lengths import BORDER, HEIGHT_OF_TRUNK, Body, typical, weighted_quantile
from mf_backend.skeleton.joints import JOINT_INDEX

Points = NDArray[np.float64]
Pair = tuple[int, int]

ANKLES: Pair = (JOINT_INDEX["right_ankle"], JOINT_INDEX["left_ankle"])
HIPS: Pair = (JOINT_INDEX["right_hip"], JOINT_INDEX["left_hip"])
NECK: Pair = (JOINT_INDEX["neck"], JOINT_INDEX["neck"])

_LIFTED = 0.03
"""A foot this much higher than the other and _LEVEL, in body heights, is off the ground: who treads
on the spot lifts his feet by 0.05, and half a lifted foot would hang him too high."""
_LEVEL = 0.02
_STEEPEST = 0.7
"""How much lower than another a foot looks by being nearer than it, at most, in pictures of whole
people: a camera's height over its distance."""
_FAST = 0.012
"""A foot that moves this far in a frame, in body heights, steps."""
_PLANTED = 0.04
"""Feet that stay together within this, in body heights, do not step."""
_DRIFT = 3.0
"""Frames over which the ground's drift under a body is steadied."""
_STANDING = 0.3
"""Share of frames in which a foot stands, in motions that go over ground."""
_SMOOTHED = 2
"""Frames before and after over which the weight goes from one foot to the other."""
_FURTHEST = 0.1
"""Share of a path's frames at either end of its reach that may be mistakes."""
_HIGHEST = 0.2
"""The same at its upper end: feet that rise from the ground are taken for standing ones, none sink
into it."""
_WAY = 0.08
"""Feet that come this far over the clip, in body heights, carry the body somewhere."""
_STEPPING = 1.5
"""Frames over which the way of a body is steadied against its steps."""


class Anchor(StrEnum):
    """The part of the actor on which the target skeletons are placed."""

    AUTO = "auto"
    FEET = "feet"
    HIPS = "hips"


@dataclass(frozen=True)
class View:
    """How the clip's camera moved; `to_first` homographies [frames, 3, 3] take a frame's pixels to
    the first frame's. None for a camera that stands still."""

    to_first: Points | None = None

    def at_first(self, path: Points) -> Points:
        """A path [frames, 2] as it would be seen from where the camera began."""
        return path if self.to_first is None else _moved(self.to_first, path)

    def at_frames(self, path: Points) -> Points:
        """A path [frames, 2] in the first frame's pixels, in each frame's own."""
        return path if self.to_first is None else _moved(np.linalg.inv(self.to_first), path)


def _moved(matrices: Points, path: Points) -> Points:
    whole = np.concatenate([path, np.ones((len(path), 1))], axis=1)
    out = np.einsum("nij,nj->ni", matrices, whole)
    moved: Points = out[:, :2] / out[:, 2:]
    return moved


def choose_anchor(target: Body, source: Body, wanted: Anchor) -> Anchor:
    """Feet where both show them and the rig stands on them, else hips."""
    if wanted is not Anchor.AUTO:
        return wanted
    if not (seen(source, ANKLES) and _present(target.joints, ANKLES)):
        return Anchor.HIPS
    still = _steps(target).min(axis=1) < 2 * _FAST
    # A rig whose feet both move all the time is in the air, not standing.
    return Anchor.FEET if still.mean() >= _STANDING else Anchor.HIPS


def _present(joints: Points, pair: Pair) -> bool:
    return bool(np.isfinite(joints[:, pair]).all((1, 2)).mean() >= 0.5)


def seen(body: Body, pair: Pair) -> bool:
    """Whether both joints are inside the picture (and not pinned to its edge) in most frames."""
    points = body.joints[:, pair]
    inside = np.isfinite(points)
    if body.size is not None:
        limit = np.array(body.size) - 1 - BORDER
        with np.errstate(invalid="ignore"):
            inside &= (points >= BORDER) & (points <= limit)
    return bool(inside.all((1, 2)).mean() >= 0.5)


def support(body: Body) -> Points:
    """How much each ankle [frames, 2] carries the body; sums to 1, changes smoothly.

    The foot that is low and stands still; both alike where the body stands on both.
    """
    feet = np.stack([filled(body.joints[:, ankle]) for ankle in ANKLES], axis=1)
    height = HEIGHT_OF_TRUNK * typical(body.joints, 1)
    down = feet[..., 1] / height
    up = down.max(axis=1, keepdims=True) - down
    if body.places is not None and np.isfinite(body.places[:, ANKLES, 1]).mean() > 0.5:
        # In space a foot that is nearer to the camera is not lower.
        in_space = body.places[:, ANKLES, 1] / (HEIGHT_OF_TRUNK * typical(body.places, 1))
        in_space = in_space.max(axis=1, keepdims=True) - in_space
        up = in_space if body.exact else np.fmax(in_space, up - _explained(body))
    up = np.nan_to_num(up, nan=0.0)
    # Within this a foot is only further away, seen from a camera that looks down.
    up = np.maximum(up - _LEVEL, 0.0)
    fast = _steps(body)
    carried = np.exp(-((up / _LIFTED) ** 2)) / (1 + (fast / _FAST) ** 2) + 1e-3
    carried[:, [not np.isfinite(body.joints[:, ankle]).any() for ankle in ANKLES]] = 1e-6
    kernel = 1 + _SMOOTHED - np.abs(np.arange(-_SMOOTHED, _SMOOTHED + 1.0))
    padded = np.pad(carried, ((_SMOOTHED, _SMOOTHED), (0, 0)), mode="edge")
    smooth = np.stack([np.convolve(padded[:, k], kernel, "valid") for k in (0, 1)], axis=1)
    shares: Points = smooth / smooth.sum(axis=1, keepdims=True)
    return shares


def _explained(body: Body) -> Points:
    """By how much one foot of an estimate may look higher [frames, 1], in body heights, because it
    is further away."""
    assert body.places is not None
    tall = HEIGHT_OF_TRUNK * typical(body.places, 1)
    far, near = (body.places[:, ankle, 2] / tall for ankle in ANKLES)
    apart: Points = np.abs(far - near)[:, None] * _STEEPEST
    return apart


def _steps(body: Body) -> Points:
    """How far each ankle [frames, 2] moves in a frame, in body heights."""
    feet = np.stack([filled(body.joints[:, ankle]) for ankle in ANKLES], axis=1)
    if len(feet) < 2:
        return np.zeros(feet.shape[:2])
    height = HEIGHT_OF_TRUNK * typical(body.joints, 1)
    steps: Points = np.linalg.norm(np.gradient(feet, axis=0), axis=-1) / height
    return steps


def weighted(joints: Points, pair: Pair, weights: Points) -> Points:
    """Path [frames, 2] between two joints by their weights; gaps of a joint are bridged, so that
    the path does not jump to the other one."""
    path = np.zeros((len(joints), 2))
    for joint, weight in zip(pair, weights.T, strict=True):
        path += filled(joints[:, joint]) * weight[:, None]
    path[~np.isfinite(joints[:, pair]).any((1, 2))] = np.nan
    return path


def centre(joints: Points, pair: Pair) -> Points:
    """Middle of two joints [frames, 2]."""
    middle: Points = joints[:, pair].mean(1)
    return middle


def resting(body: Body) -> Points:
    """How surely one of the feet stands still [frames], 0..1. In a step one always does; where both
    fly, an estimate went astray or the body is in the air."""
    still: Points = 1 / (1 + (_steps(body).min(axis=1) / (2 * _FAST)) ** 4)
    return still


def middle_of(path: Points, sure: Points | None = None) -> Points:
    """Point halfway between the ends of a path [frames, 2], its furthest frames left out; NaN
    frames ignored. `sure`: how much each frame [frames] tells; None for all alike.

    Whoever steps from one foot to the other is between both, however long he is on each, and a
    clip seldom shows a sway whole.
    """
    known = np.isfinite(path).all(axis=1)
    if not known.any():
        return np.full(2, np.nan)
    weights = np.ones(len(path)) if sure is None else sure
    ends = [
        [weighted_quantile(path[known, axis], weights[known], share) for share in (first, last)]
        for axis, (first, last) in enumerate(
            ((_FURTHEST, 1 - _FURTHEST), (_HIGHEST, 1 - _FURTHEST))
        )
    ]
    middle: Points = np.mean(ends, axis=1)
    return middle


def held_place(body: Body, place: Points) -> Points:
    """The spot [frames, 2] that a body keeps, from its path there, in the first frame's pixels.

    One point; but where the feet never step, whatever their path does is the camera's: registered
    on what is far behind the body, the ground under it still drifts.
    """
    middle = middle_of(place, resting(body))
    feet = [filled(body.joints[:, ankle]) for ankle in ANKLES]
    height = HEIGHT_OF_TRUNK * typical(body.joints, 1)
    apart = np.quantile(feet[0] - feet[1], (0.1, 0.9), axis=0)
    if np.linalg.norm(apart[1] - apart[0]) > _PLANTED * height:
        return np.broadcast_to(middle, place.shape)
    return _steadied(place, _DRIFT)


def nearer(body: Body, view: View) -> Points | None:
    """`nearer` of a Body, seen from where the camera began; None where it goes nowhere."""
    place = view.at_first(weighted(body.joints, ANKLES, support(body)))
    known = np.flatnonzero(np.isfinite(place).all(axis=1))
    third = len(known) // 3
    if not third:
        return None
    way = np.median(place[known[-third:]], axis=0) - np.median(place[known[:third]], axis=0)
    if np.linalg.norm(way) <= _WAY * HEIGHT_OF_TRUNK * typical(body.joints, 1):
        return None
    lower: Points = _steadied(place, _STEPPING)[:, 1] - middle_of(place, resting(body))[1]
    return lower


def _steadied(path: Points, frames: float) -> Points:
    """A path [frames, 2] without what is quicker than this."""
    times = np.arange(len(path))
    kernel = np.exp(-(((times[:, None] - times) / frames) ** 2) / 2)
    smooth: Points = kernel @ filled(path) / kernel.sum(axis=1, keepdims=True)
    return smooth


def filled(move: Points) -> Points:
    """Offsets [frames, 2] with gaps interpolated, so that a lost anchor makes no jump."""
    good = np.flatnonzero(np.isfinite(move).all(axis=1))
    if not good.size:
        return np.zeros_like(move)
    frames = np.arange(len(move))
    return np.stack([np.interp(frames, good, move[good, axis]) for axis in (0, 1)], 1)
