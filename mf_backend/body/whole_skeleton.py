"""Skeletons without holes, for measuring and warping: every main joint on every frame.

Estimators and rigs leave joints out (hidden, outside the picture). Widths and warps need all of
them, so absent ones are put where the rest of the body says; `seen` tells which are real.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import LEFT_HAND, RIGHT_HAND

Points = NDArray[np.float64]

# Body joints 0..17, then what is derived from them.
MID_HIP, HEAD, RIGHT_TIP, LEFT_TIP, RIGHT_TOE, LEFT_TOE = range(18, 24)
POINT_COUNT = 24

_PARENTS = {0: 1, 2: 1, 5: 1, 3: 2, 4: 3, 6: 5, 7: 6, 8: 1, 11: 1, 9: 8, 10: 9, 12: 11, 13: 12}
# Limb vectors of an upright person facing the camera, in torso lengths (neck to hips).
_UPRIGHT = {
    0: (0.0, -0.42), 2: (-0.32, 0.0), 5: (0.32, 0.0), 3: (-0.12, 0.5), 6: (0.12, 0.5),
    4: (-0.05, 0.5), 7: (0.05, 0.5), 8: (-0.2, 1.0), 11: (0.2, 1.0), 9: (0.0, 0.9),
    12: (0.0, 0.9), 10: (0.0, 0.85), 13: (0.0, 0.85),
}  # fmt: skip
_HEAD_POINTS = (0, 14, 15, 16, 17)
_HAND_REACH = 0.62
"""Length of the hand beyond the wrist, in forearm lengths."""
_FOOT_REACH = 0.3
_BORDER = 4
_LONGEST_GAP = 3
"""Frames without any joint that are bridged."""
_ENDS = {4: 0.5, 7: 0.5, 10: 0.85, 13: 0.85}
"""Wrists and ankles, and the usual length of the limb before them in torso lengths."""


@dataclass(frozen=True)
class FullSkeleton:
    """Joints [frames, 24, 2] without NaN, and which of them were given [frames, 24]."""

    points: Points
    seen: NDArray[np.bool_]
    unit: float
    """Median torso length over the clip, pixels."""
    present: NDArray[np.bool_]
    """Frames [frames] that show the person; short gaps count as shown."""


def complete(joints: NDArray[Any], size: tuple[int, int] | None = None) -> FullSkeleton:
    """Fill the absent joints of [frames, 60, 2]; frames with nobody take their neighbours' pose.

    With `size` (width, height) the joints are an estimator's: those at or beyond the picture's edge
    are its guesses, and count as absent.
    """
    body = np.asarray(joints, np.float64)[:, :18].copy()
    if size is not None:
        with np.errstate(invalid="ignore"):
            guessed = (body < _BORDER) | (body > np.array(size) - 1 - _BORDER)
        body[guessed.any(-1)] = np.nan
    seen = np.isfinite(body).all(-1)
    unit = _torso_unit(body)
    _fill_neck(body)
    usual = {child: _usual_vector(body, parent, child, unit) for child, parent in _PARENTS.items()}
    for shin, knee in ((10, 9), (13, 12)):
        if not seen[:, shin].any():
            # A leg that the picture cuts off goes on as it was.
            length = np.linalg.norm(usual[shin])
            thigh = usual[knee]
            usual[shin] = thigh / max(float(np.linalg.norm(thigh)), 1e-6) * length
    for child, parent in _PARENTS.items():
        # A gap between frames that saw the joint follows its parent by interpolation.
        vectors = _interpolate(body[:, child] - body[:, parent])
        vectors = np.where(np.isfinite(vectors), vectors, usual[child])
        if size is not None and child in _ENDS:
            vectors = _leaving(body, child, parent, vectors, _ENDS[child] * unit, size)
        body[:, child] = np.where(seen[:, child, None], body[:, child], body[:, parent] + vectors)
    for k in (14, 15, 16, 17):
        body[:, k] = np.where(seen[:, k, None], body[:, k], np.nan)
    points = np.full((len(body), POINT_COUNT, 2), np.nan)
    points[:, :18] = body
    points[:, MID_HIP] = body[:, (8, 11)].mean(1)
    points[:, HEAD] = np.nanmean(body[:, _HEAD_POINTS], axis=1)
    points[:, RIGHT_TIP] = _tip(joints, body, RIGHT_HAND, 3, 4)
    points[:, LEFT_TIP] = _tip(joints, body, LEFT_HAND, 6, 7)
    for toe, knee, ankle in ((RIGHT_TOE, 9, 10), (LEFT_TOE, 12, 13)):
        points[:, toe] = body[:, ankle] + _FOOT_REACH * (body[:, ankle] - body[:, knee])
    for k in (14, 15, 16, 17):
        points[:, k] = np.where(np.isfinite(points[:, k]), points[:, k], points[:, HEAD])
    all_seen = np.zeros(points.shape[:2], bool)
    all_seen[:, :18] = seen
    all_seen[:, MID_HIP] = seen[:, 8] & seen[:, 11]
    all_seen[:, HEAD] = seen[:, _HEAD_POINTS].any(1)
    all_seen[:, RIGHT_TIP], all_seen[:, LEFT_TIP] = seen[:, 4], seen[:, 7]
    all_seen[:, RIGHT_TOE], all_seen[:, LEFT_TOE] = seen[:, 10], seen[:, 13]
    return FullSkeleton(points, all_seen, unit, _present(seen.any(1)))


def _present(seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """`seen` [frames] with gaps of a few frames closed; longer ones mean that nobody is there."""
    frames = np.flatnonzero(seen)
    present = seen.copy()
    for a, b in itertools.pairwise(frames):
        if b - a <= _LONGEST_GAP + 1:
            present[a:b] = True
    return present


def _leaving(
    body: Points, child: int, parent: int, vectors: Points, length: float, size: tuple[int, int]
) -> Points:
    """Limb vectors where a limb that went straight on would leave the picture: straight on.

    Other frames, with the limb bent into the picture, say nothing about these.
    """
    before = body[:, parent] - body[:, _PARENTS[parent]]
    reach = np.maximum(np.linalg.norm(before, axis=-1, keepdims=True), 1e-6)
    straight = before / reach * length
    end = body[:, parent] + straight
    with np.errstate(invalid="ignore"):
        outside = ((end < _BORDER) | (end > np.array(size) - 1 - _BORDER)).any(-1)
    return np.where(outside[:, None], straight, vectors)


def _torso_unit(body: Points) -> float:
    """Median neck-to-hips length; from the shoulders or head where hips are never seen."""
    for a, b, factor in ((1, 8, 0.98), (1, 11, 0.98), (2, 5, 1 / 0.64), (1, 0, 1 / 0.42)):
        lengths = np.linalg.norm(body[:, a] - body[:, b], axis=-1)
        lengths = lengths[np.isfinite(lengths)]
        if len(lengths):
            return max(float(np.median(lengths)) * factor, 1.0)
    return 100.0


def _fill_neck(body: Points) -> None:
    """Give every frame a neck: from shoulders, nose or hips, else from the frames around."""
    absent = ~np.isfinite(body[:, 1]).all(-1)
    if absent.any():
        from_shoulders = body[:, (2, 5)].mean(1)
        body[:, 1] = np.where(np.isfinite(body[:, 1]), body[:, 1], from_shoulders)
    for other in (0, 8, 11):
        gap = _interpolate(body[:, 1] - body[:, other])
        body[:, 1] = np.where(np.isfinite(body[:, 1]), body[:, 1], body[:, other] + gap)
    body[:, 1] = np.nan_to_num(_interpolate(body[:, 1]))


def _interpolate(path: Points) -> Points:
    """Fill NaN frames of [frames, 2] from the nearest frames; all NaN stays NaN."""
    good = np.flatnonzero(np.isfinite(path).all(1))
    if not good.size:
        return path
    frames = np.arange(len(path))
    return np.stack([np.interp(frames, good, path[good, k]) for k in (0, 1)], 1)


def _usual_vector(body: Points, parent: int, child: int, unit: float) -> Points:
    vectors = body[:, child] - body[:, parent]
    vectors = vectors[np.isfinite(vectors).all(1)]
    if len(vectors):
        return np.asarray(np.median(vectors, axis=0), np.float64)
    return unit * np.array(_UPRIGHT[child])


def _tip(joints: NDArray[Any], body: Points, hand: slice, elbow: int, wrist: int) -> Points:
    """Finger tips' middle along the hand's direction, at a steady length from the wrist."""
    forearm = body[:, wrist] - body[:, elbow]
    lengths = np.linalg.norm(forearm, axis=-1)
    reach = _HAND_REACH * float(np.median(lengths))
    fingers = np.asarray(joints, np.float64)[:, hand]
    palm = fingers[:, (5, 9, 13)].mean(1) - fingers[:, 0]
    forearm_unit = forearm / np.maximum(lengths, 1e-6)[:, None]
    size = np.linalg.norm(palm, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # A palm seen end-on says nothing about direction.
        usable = np.isfinite(size) & (size > 0.25 * reach)
        direction = np.where(usable[:, None], palm / size[:, None], forearm_unit)
    tip: Points = body[:, wrist] + reach * direction
    return tip
