"""A hand on every frame that shows its wrist: found, carried along with the forearm, or posed.

Hands are carried in coordinates of the forearm (origin at the wrist, along the forearm, in hand
lengths), so that they turn with the arm. Where no sighting is near, a resting hand stands in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints.hands import ELBOWS, POINTS, WRISTS, hand_length
from mf_backend.actor.joints.repair import without_flicker
from mf_backend.contracts.conditions import JointState

Floats = NDArray[np.float64]

_LONGEST_BETWEEN = 24
"""Frames between two sightings over which a hand is carried."""
_HOLD, _FADE = 10, 6
"""Frames a last (or first) sighting is held, and then faded to the resting hand."""

# A relaxed hand seen from its back, in hand lengths: along the forearm, towards the thumb.
RESTING = np.array(
    [
        (0.00, 0.00),
        (0.14, 0.12), (0.28, 0.21), (0.40, 0.25), (0.50, 0.26),
        (0.50, 0.13), (0.65, 0.14), (0.75, 0.13), (0.83, 0.11),
        (0.52, 0.03), (0.69, 0.03), (0.81, 0.02), (0.90, 0.00),
        (0.50, -0.06), (0.65, -0.07), (0.76, -0.08), (0.84, -0.09),
        (0.45, -0.14), (0.57, -0.17), (0.65, -0.18), (0.72, -0.19),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class RepairedHand:
    """One hand over the clip."""

    points: Floats
    """[frames, 21, 2], NaN where there is none."""
    state: NDArray[np.uint8]
    """[frames] a JointState each."""


def _frames_of_forearm(body: Floats, side: int) -> tuple[Floats, Floats, Floats]:
    """Wrist [frames, 2], unit direction of the forearm [frames, 2], hand length [frames]."""
    elbow, wrist = body[:, ELBOWS[side]], body[:, WRISTS[side]]
    ahead = wrist - elbow
    reach = np.linalg.norm(ahead, axis=-1)
    lengths = np.array([hand_length(frame) for frame in body])
    known = np.isfinite(lengths)
    if known.any():
        # A hand's length is steady: the median over a second, not each frame's own guess.
        lengths = np.array(
            [
                np.median(near[np.isfinite(near)])
                if np.isfinite(near := lengths[max(0, i - 12) : i + 13]).any()
                else np.median(lengths[known])
                for i in range(len(lengths))
            ]
        )
    direction = np.full_like(ahead, np.nan)
    last = np.array([0.0, 1.0])
    for i in range(len(body)):
        # A forearm that points at the camera has no direction: keep the last one.
        if np.isfinite(reach[i]) and reach[i] > 0.25 * lengths[i]:
            last = ahead[i] / reach[i]
        direction[i] = last
    return wrist, direction, lengths


def _to_forearm(points: Floats, wrist: Floats, along: Floats, length: float) -> Floats:
    across = np.array([-along[1], along[0]])
    offset = (points - wrist) / length
    return np.stack([offset @ along, offset @ across], axis=-1)


def _from_forearm(local: Floats, wrist: Floats, along: Floats, length: float) -> Floats:
    across = np.array([-along[1], along[0]])
    placed: Floats = wrist + length * (local[:, :1] * along + local[:, 1:] * across)
    return placed


def _thumb_side(body: Floats, wrist: Floats, along: Floats, seen: dict[int, Floats]) -> float:
    """+1 or -1: on which side of the forearm the resting hand's thumb is, one for the clip.

    As in the hands that were seen; without any, towards the body's middle line.
    """
    if seen:
        lean = [float(local[1:5, 1].mean() - local[17:21, 1].mean()) for local in seen.values()]
        return 1.0 if np.median(lean) >= 0 else -1.0
    middle = body[:, [2, 5, 8, 11]].mean(axis=1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    towards = np.sum((middle - wrist) * across, axis=-1)
    known = np.isfinite(towards)
    return 1.0 if not known.any() or float(np.median(towards[known])) >= 0 else -1.0


def _local_hand(frame: int, seen: dict[int, Floats], resting: Floats) -> tuple[Floats, JointState]:
    """The hand of one frame in forearm coordinates and how it came about."""
    if frame in seen:
        return seen[frame], JointState.FOUND
    earlier = max((k for k in seen if k < frame), default=None)
    later = min((k for k in seen if k > frame), default=None)
    if earlier is not None and later is not None and later - earlier <= _LONGEST_BETWEEN:
        part = (frame - earlier) / (later - earlier)
        return (1 - part) * seen[earlier] + part * seen[later], JointState.CARRIED
    near = [k for k in (earlier, later) if k is not None]
    if near:
        nearest = min(near, key=lambda k: abs(k - frame))
        fade = (abs(nearest - frame) - _HOLD) / _FADE
        if fade < 1:
            fade = max(0.0, fade)
            return (1 - fade) * seen[nearest] + fade * resting, JointState.CARRIED
    return resting, JointState.POSED


def repair_hand(body: Floats, found: Floats, side: int, visible: NDArray[np.bool_]) -> RepairedHand:
    """Hand `side` (0 left, 1 right) on every frame whose wrist is visible.

    `body` [frames, 18, 2] repaired joints, also outside the picture; `found` [frames, 21, 2]
    sightings, NaN where none; `visible` [frames] whether the wrist is in the picture. A hand that
    would show for fewer than three frames goes on beyond the picture's edge instead of blinking.
    """
    wrist, along, lengths = _frames_of_forearm(body, side)
    known = np.isfinite(wrist).all(axis=-1) & np.isfinite(lengths)
    seen = {
        int(i): _to_forearm(found[i], wrist[i], along[i], float(lengths[i]))
        for i in np.flatnonzero(known & np.isfinite(found).all(axis=(1, 2)))
    }
    resting = RESTING * [1.0, _thumb_side(body, wrist, along, seen)]
    shown = without_flicker(known & visible) & known
    points = np.full((len(body), POINTS, 2), np.nan)
    state = np.zeros(len(body), np.uint8)
    for i in np.flatnonzero(shown):
        local, how = _local_hand(int(i), seen, resting)
        points[i] = _from_forearm(local, wrist[i], along[i], float(lengths[i]))
        state[i] = how
    return RepairedHand(points, state)
