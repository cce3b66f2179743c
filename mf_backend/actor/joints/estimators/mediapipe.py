"""MediaPipe Pose and Hands: five views of the person a frame, in two sizes of the pose model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mf_backend.actor.joints import pose_correction
from mf_backend.actor.joints.estimate import (
    BODY_COUNT,
    JointEstimate,
    RawJoints,
    everybody_else,
    is_black,
    repaired,
)
from mf_backend.actor.joints.hands import POINTS, HandEstimator
from mf_backend.actor.joints.person_track import (
    Candidate,
    between,
    choose_anchor,
    find_people,
    follow,
)
from mf_backend.actor.joints.pose_models import PoseModel, require_model
from mf_backend.actor.joints.pose_views import PoseEstimator, PoseReading
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter

_TURNED_AWAY = 0.25
"""The nose counts as hidden where it lies behind the ears by this part of the torso."""


class FullPose:
    """With the model that MediaPipe's package holds."""

    name = "full"
    label = "MediaPipe Pose, full"
    model = PoseModel.FULL

    def require(self) -> None:
        """See JointEstimator."""
        require_model(self.model)

    def estimate(
        self, clip: FrameSource, person: tuple[float, ...], reporter: Reporter
    ) -> JointEstimate:
        """See JointEstimator. The clip is read twice."""
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            reporter.advance(done, "looking for people" if done <= clip.count else "joints")

        with PoseEstimator(self.model) as estimator:
            people, black = _look_for_people(clip, estimator, advance)
            track = follow(people, choose_anchor(people, person))
            raw = _read_person(clip, track, estimator, advance)
        others = everybody_else(people, track)
        return repaired(raw, clip.size, f"mediapipe pose {self.model}", black, others)


class HeavyPose(FullPose):
    """With the larger model, which finds harder poses."""

    name = "heavy"
    label = "MediaPipe Pose, heavy"
    model = PoseModel.HEAVY


def _look_for_people(
    clip: FrameSource, estimator: PoseEstimator, advance: Callable[[], None]
) -> tuple[list[tuple[Candidate, ...]], list[int]]:
    people: list[tuple[Candidate, ...]] = []
    black: list[int] = []
    for index, picture in enumerate(clip.frames()):
        if is_black(picture):
            black.append(index)
            people.append(())
        else:
            people.append(find_people(estimator, picture))
        advance()
    return people, black


def _facing_away(reading: PoseReading) -> bool:
    """Whether the back of the head is to the camera: the nose lies farther than both ears."""
    nose, ears = reading.depth[0], reading.depth[[7, 8]]
    torso = np.linalg.norm(reading.points[[11, 12]].mean(0) - reading.points[[23, 24]].mean(0))
    return bool(nose > ears.max() + _TURNED_AWAY * torso)


def _read_person(
    clip: FrameSource,
    track: list[PoseReading | None],
    estimator: PoseEstimator,
    advance: Callable[[], None],
) -> RawJoints:
    count = clip.count
    raw = RawJoints(
        np.full((count, BODY_COUNT, 2), np.nan),
        np.full((count, BODY_COUNT), np.nan),
        np.full((2, count, POINTS, 2), np.nan),
        np.zeros(count, dtype=bool),
        np.full((count, BODY_COUNT, 3), np.nan),
    )
    world = raw.world
    table = pose_correction.weights(estimator.model)
    before: tuple[Picture, PoseReading] | None = None
    with HandEstimator() as hands:
        for index, picture in enumerate(clip.frames()):
            reading = None
            near = track[index] or between(track, index)
            if near is not None and not is_black(picture):
                reading = estimator.person(picture, near) or track[index]
                if reading is None and before is not None:
                    reading = estimator.follow(before[0], picture, before[1])
            if reading is not None:
                raw.body[index] = pose_correction.body_joints(reading.points, table)
                raw.spread[index] = pose_correction.plain_values(reading.spread, worst=True)
                raw.hands[:, index] = hands.find(picture, raw.body[index])
                raw.away[index] = _facing_away(reading)
                if world is not None and reading.world is not None:
                    world[index] = pose_correction.body_joints(reading.world, table)
            before = (picture, reading) if reading is not None else None
            advance()
    return raw
