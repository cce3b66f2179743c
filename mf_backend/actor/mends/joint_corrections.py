"""Joints that a person moved, and what becomes of the frames beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import JointState
from mf_backend.skeleton.joints import JOINT_INDEX

Floats = NDArray[np.float64]

_NECK = JOINT_INDEX["neck"]
_SHOULDERS = [JOINT_INDEX["right_shoulder"], JOINT_INDEX["left_shoulder"]]


@dataclass(frozen=True)
class JointCorrection:
    """What was moved on one frame."""

    id: str
    """Its name in lists; of two corrections of one frame and joint the later one counts."""
    frame: int
    """Counted from 0 over the whole clip."""
    blend: int
    """Frames before and after over which the joints go back to what was found."""
    joints: Mapping[int, tuple[float, float]]
    """Where each moved joint is now, in the clip's pixels, by its number in the skeleton."""


def changed_frames(correction: JointCorrection) -> range:
    """The frames of the clip that a correction changes, those before its beginning included."""
    return range(correction.frame - correction.blend, correction.frame + correction.blend + 1)


def reaching(corrections: Iterable[JointCorrection], frames: range) -> tuple[JointCorrection, ...]:
    """The corrections that may change one of these frames of the clip, in the same order.

    Two that meet change what lies between them, and so a longer blend may make another one matter.
    """
    listed = tuple(corrections)
    reach = max((2 * one.blend + 1 for one in listed), default=0)
    wide = range(frames.start - reach, frames.stop + reach)
    return tuple(one for one in listed if one.frame in wide)


def apply_corrections(
    joints: NDArray[np.floating[Any]],
    states: NDArray[np.uint8],
    frames: Sequence[int],
    corrections: Iterable[JointCorrection],
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """An actor's joints [n, 60, 2] and states [n, 60] with corrections in them, as copies.

    `frames` are the clip's frames that the rows are, ascending. Each joint is where it was put on
    the frame of its correction; between two corrections whose blends meet it keeps an offset that
    goes over from one to the other. A joint that was absent is there on its correction's frame, and
    between two corrections that meet. Corrections of frames that are not among `frames` do nothing
    on them and still reach their neighbours.
    """
    mended, marks = joints.astype(np.float64), states.copy()
    times = np.asarray(frames, np.int64)
    for joint, moves in _by_joint(corrections).items():
        _move(mended, marks, times, joint, moves)
    _follow_with_neck(mended, marks, joints)
    return mended.astype(np.float32), marks


def _by_joint(
    corrections: Iterable[JointCorrection],
) -> dict[int, list[tuple[int, int, tuple[float, float]]]]:
    """(frame, blend, place) of each joint, in order of frames."""
    latest: dict[tuple[int, int], tuple[int, tuple[float, float]]] = {}
    for correction in corrections:
        for joint, place in correction.joints.items():
            latest[joint, correction.frame] = correction.blend, place
    moves: dict[int, list[tuple[int, int, tuple[float, float]]]] = {}
    for (joint, frame), (blend, place) in sorted(latest.items()):
        moves.setdefault(joint, []).append((frame, blend, place))
    return moves


def _move(
    mended: Floats,
    marks: NDArray[np.uint8],
    times: NDArray[np.int64],
    joint: int,
    moves: list[tuple[int, int, tuple[float, float]]],
) -> None:
    found = mended[:, joint].copy()
    offsets = []
    for frame, _, wanted in moves:
        base = _at(found, times, frame)
        offsets.append(np.array(wanted) - base if base is not None else None)
    for row, time in enumerate(times):
        before = max((k for k, move in enumerate(moves) if move[0] <= time), default=None)
        after = min((k for k, move in enumerate(moves) if move[0] >= time), default=None)
        place = _place(found[row], int(time), moves, offsets, before, after)
        if place is not None:
            mended[row, joint], marks[row, joint] = place, JointState.MENDED


def _at(found: Floats, times: NDArray[np.int64], frame: int) -> Floats | None:
    """Where a joint was found on a frame of the clip; None where it was not."""
    row = int(np.searchsorted(times, frame))
    if row < len(times) and times[row] == frame:
        return found[row] if np.isfinite(found[row]).all() else None
    return None


def _place(
    found: Floats,
    time: int,
    moves: list[tuple[int, int, tuple[float, float]]],
    offsets: list[Floats | None],
    before: int | None,
    after: int | None,
) -> Floats | None:
    """Where the joint is on one frame; None where no correction reaches it."""
    for k in (before, after):
        if k is not None and moves[k][0] == time:
            return np.array(moves[k][2], np.float64)
    if before is not None and after is not None:
        (a, reach_a, place_a), (b, reach_b, place_b) = moves[before], moves[after]
        if b - a <= reach_a + reach_b + 1:
            share = _ease((time - a) / (b - a))
            first, second = offsets[before], offsets[after]
            if first is None or second is None or not np.isfinite(found).all():
                line: Floats = (1 - share) * np.array(place_a) + share * np.array(place_b)
                return line
            between: Floats = found + (1 - share) * first + share * second
            return between
    if not np.isfinite(found).all():
        return None
    for k in (before, after):
        if k is None:
            continue
        offset, away = offsets[k], abs(time - moves[k][0])
        if offset is not None and away <= moves[k][1]:
            moved: Floats = found + (1 - _ease(away / (moves[k][1] + 1))) * offset
            return moved
    return None


def _ease(share: float) -> float:
    """From 0 to 1 without a jerk at either end."""
    return 0.5 - 0.5 * math.cos(math.pi * share)


def _follow_with_neck(
    mended: Floats, marks: NDArray[np.uint8], found: NDArray[np.floating[Any]]
) -> None:
    """The neck is drawn between the shoulders: it moves with them where nobody moved it itself."""
    moved = (marks[:, _SHOULDERS] == JointState.MENDED).any(axis=1)
    both = np.isfinite(mended[:, _SHOULDERS]).all(axis=(1, 2))
    rows = moved & both & (marks[:, _NECK] != JointState.MENDED)
    middle = mended[:, _SHOULDERS].mean(axis=1)
    usual = np.asarray(found, np.float64)[:, _SHOULDERS].mean(axis=1)
    apart = np.asarray(found, np.float64)[:, _NECK] - usual
    mended[rows, _NECK] = (middle + np.nan_to_num(apart))[rows]
    marks[rows, _NECK] = JointState.MENDED
