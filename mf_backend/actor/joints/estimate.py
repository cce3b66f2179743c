"""From what was read on each frame to the actor's joints over a whole clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints import pose_correction
from mf_backend.actor.joints.hand_repair import repair_hand
from mf_backend.actor.joints.hands import WRISTS
from mf_backend.actor.joints.person_track import Candidate, seen_twice
from mf_backend.actor.joints.pose_views import Picture, PoseReading
from mf_backend.actor.joints.repair import (
    collapsed,
    drop_mistakes,
    fill_gaps,
    gone_on,
    inside,
    overturned,
    smooth,
)
from mf_backend.contracts.conditions import JointState
from mf_backend.skeleton.joints import BODY, JOINT_COUNT, LEFT_HAND, RIGHT_HAND

Floats = NDArray[np.float64]

_BLACK_LEVEL = 8
"""A frame whose brightest hundredth is darker than this is black."""
_CUT_OFF = 0.08
"""Joints outside the picture by less than this part of the person's extent are put to its edge."""
_UNSURE = 0.05
"""Joints whose views disagree by this part of the person's extent are reported as unsure."""
BODY_COUNT = 18
_FACE_FRONT = (0, 14, 15)


@dataclass(frozen=True)
class JointEstimate:
    """What was estimated for the actor."""

    joints: NDArray[np.float32]
    """[frames, 60, 2]; NaN absent."""
    state: NDArray[np.uint8]
    """[frames, 60] a JointState each."""
    estimator: str
    lost: tuple[int, ...]
    """Frames on which the person was not found."""
    black: tuple[int, ...]
    unsure: dict[int, int] = field(default_factory=dict)
    """Frame: number of body joints on which the estimator's views disagree."""
    others: NDArray[np.float32] = field(
        default_factory=lambda: np.empty((0, 0, BODY_COUNT, 2), np.float32)
    )
    """[frames, people, 18, 2] everybody else's body joints, in no order; NaN absent."""
    everybody: NDArray[np.float32] = field(
        default_factory=lambda: np.empty((0, 0, BODY_COUNT, 2), np.float32)
    )
    """The same of all who were seen, also where the actor was not found among them."""
    world: NDArray[np.float32] | None = None
    """[frames, 60, 3] metres about the middle of the hips, x right, y down, z away from the camera;
    NaN where unknown. None from an estimator that knows no depth."""

    @property
    def people(self) -> int:
        """Most people seen on one frame."""
        return self.others.shape[1] + 1


@dataclass
class RawJoints:
    """Readings of each frame before repair."""

    body: Floats
    spread: Floats
    hands: Floats
    """[2, frames, 21, 2]"""
    away: NDArray[np.bool_]
    world: Floats | None = None
    """[frames, 18, 3] as in JointEstimate."""


def is_black(picture: Picture) -> bool:
    """Whether next to nothing is to be seen."""
    return bool(np.percentile(picture[::4, ::4].max(axis=-1), 99) < _BLACK_LEVEL)


def rough_joints(track: Sequence[PoseReading | None]) -> Floats:
    """Body joints [frames, 18, 2] of the followed person as first seen, NaN where nowhere."""
    rough = np.full((len(track), BODY_COUNT, 2), np.nan)
    for index, reading in enumerate(track):
        if reading is not None:
            rough[index] = pose_correction.plain_body(reading.points)
    return rough


def everybody_else(
    people: list[tuple[Candidate, ...]], track: list[PoseReading | None]
) -> NDArray[np.float32]:
    """Body joints of the people that are not followed [frames, people, 18, 2], NaN absent."""
    groups = [
        [
            pose_correction.plain_body(candidate.reading.points)
            for candidate in group
            if wanted is not None
            and candidate.reading is not wanted
            and not seen_twice(candidate.reading, wanted)
        ]
        for group, wanted in zip(people, track, strict=True)
    ]
    return _rows(groups)


def everybody(people: list[tuple[Candidate, ...]]) -> NDArray[np.float32]:
    """Body joints of all who were seen, each once [frames, people, 18, 2], NaN absent."""
    groups: list[list[Floats]] = []
    for group in people:
        kept: list[PoseReading] = []
        for candidate in group:
            if not any(seen_twice(candidate.reading, other) for other in kept):
                kept.append(candidate.reading)
        groups.append([pose_correction.plain_body(reading.points) for reading in kept])
    return _rows(groups)


def _rows(groups: list[list[Floats]]) -> NDArray[np.float32]:
    """Bodies [18, 2] of each frame in one array, NaN where a frame has fewer than another."""
    most = max((len(group) for group in groups), default=0)
    rows = np.full((len(groups), most, BODY_COUNT, 2), np.nan, np.float32)
    for index, group in enumerate(groups):
        for which, body in enumerate(group):
            rows[index, which] = body
    return rows


def repaired(
    raw: RawJoints,
    size: tuple[int, int],
    estimator: str,
    black: list[int],
    others: NDArray[np.float32],
    seen: NDArray[np.float32],
) -> JointEstimate:
    spread = np.nan_to_num(raw.spread, nan=0.0)
    body = raw.body.copy()
    over = overturned(body)
    none = collapsed(body) | over
    body[none] = np.nan
    lost = np.flatnonzero(~np.isfinite(body).any(axis=(1, 2)))
    body[drop_mistakes(body, spread)] = np.nan
    body, state = fill_gaps(body)
    state[gone_on(body, over)] = JointState.CARRIED
    body = smooth(body, spread)
    joints = np.full((len(body), JOINT_COUNT, 2), np.nan)
    states = np.zeros((len(body), JOINT_COUNT), np.uint8)
    # Joints outside the picture are guesses: they helped to place the hands, they are not drawn.
    # One that is cut off closely is put to the edge, as the estimator of the training data does.
    clear = body[np.isfinite(body).all(axis=(1, 2))]
    extent = float(np.median(np.ptp(clear[..., 1], axis=1))) if len(clear) else float(max(size))
    edge = np.array(size, np.float64) - 1
    kept = np.clip(body, 0, edge)
    cut = ~inside(body, size) & (np.linalg.norm(kept - body, axis=-1) < _CUT_OFF * extent)
    hidden = ~inside(body, size) & ~cut
    for side, part in ((0, LEFT_HAND), (1, RIGHT_HAND)):
        found = np.where(none[:, None, None], np.nan, raw.hands[side])
        hand = repair_hand(body, found, side, ~hidden[:, WRISTS[side]])
        joints[:, part] = hand.points
        states[:, part] = hand.state[:, None]
    body[cut] = kept[cut]
    state[cut] = JointState.CARRIED
    hidden[:, list(_FACE_FRONT)] |= raw.away[:, None]
    body[hidden] = np.nan
    state[hidden] = JointState.ABSENT
    joints[:, BODY], states[:, BODY] = body, state
    unsure = (spread > _UNSURE * extent) & ~hidden
    return JointEstimate(
        joints=joints.astype(np.float32),
        state=states,
        estimator=estimator,
        lost=tuple(int(i) for i in lost),
        black=tuple(black),
        unsure={int(i): int(unsure[i].sum()) for i in np.flatnonzero(unsure.any(axis=1))},
        others=others,
        everybody=seen,
        world=None if raw.world is None else _repaired_world(raw.world, none),
    )


def _repaired_world(world: Floats, none: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Body joints in metres [frames, 18, 3] with short gaps filled, steadied, as [frames, 60, 3];
    what was read on the frames `none` is left out.

    Joints outside the picture stay: only their lengths and depths are used.
    """
    body, _ = fill_gaps(np.where(none[:, None, None], np.nan, world))
    joints = np.full((len(body), JOINT_COUNT, 3), np.nan, np.float32)
    joints[:, BODY] = smooth(body, np.zeros(body.shape[:2]))
    return joints
