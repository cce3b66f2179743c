"""MediaPipe Pose and Hands: five views of the person a frame, in two sizes of the pose model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints import pose_correction
from mf_backend.actor.joints.estimate import (
    BODY_COUNT,
    JointEstimate,
    RawJoints,
    everybody,
    everybody_else,
    is_black,
    repaired,
    rough_joints,
)
from mf_backend.actor.joints.hands import POINTS, HandEstimator
from mf_backend.actor.joints.kept_readings import KeptReadings
from mf_backend.actor.joints.person_choice import choose_anchors
from mf_backend.actor.joints.person_track import (
    Candidate,
    between,
    find_people,
    follow,
)
from mf_backend.actor.joints.pose_models import PoseModel, require_model
from mf_backend.actor.joints.pose_views import PoseEstimator, PoseReading
from mf_backend.contracts.findings import NO_FINDINGS, Findings
from mf_backend.contracts.frames import FrameSource
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
        self,
        clip: FrameSource,
        person: tuple[float, ...],
        reporter: Reporter,
        findings: Findings = NO_FINDINGS,
    ) -> JointEstimate:
        """See JointEstimator. The clip is read twice."""
        done = 0
        kept = KeptReadings(findings, self.name)

        def advance() -> None:
            nonlocal done
            done += 1
            reporter.advance(done, "looking for people" if done <= clip.count else "joints")

        with PoseEstimator(self.model) as estimator:
            people, black = _look_for_people(clip, estimator, kept, advance)
            track = follow(people, *choose_anchors(people, person))
            findings.follow(rough_joints(track))
            raw = _read_person(clip, track, estimator, kept, advance)
        seen = everybody_else(people, track), everybody(people)
        return repaired(raw, clip.size, f"mediapipe pose {self.model}", black, *seen)


class HeavyPose(FullPose):
    """With the larger model, which finds harder poses."""

    name = "heavy"
    label = "MediaPipe Pose, heavy"
    model = PoseModel.HEAVY


def _look_for_people(
    clip: FrameSource, estimator: PoseEstimator, kept: KeptReadings, advance: Callable[[], None]
) -> tuple[list[tuple[Candidate, ...]], list[int]]:
    people: list[tuple[Candidate, ...]] = []
    black: list[int] = []
    for index in range(clip.count):
        known = kept.people(index)
        if known is None:
            picture = clip.read(index)
            dark = is_black(picture)
            known = (() if dark else find_people(estimator, picture), dark)
            kept.keep_people(index, *known)
        people.append(known[0])
        if known[1]:
            black.append(index)
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
    kept: KeptReadings,
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
    before: PoseReading | None = None
    with HandEstimator() as hands:
        for index in range(count):
            near = track[index] or between(track, index)
            known = kept.person(index, near) if near is not None else (None, None)
            if known is None and near is not None:
                known = _read_frame(clip, index, near, track[index], before, estimator, hands)
                kept.keep_person(index, near, *known)
            reading, found = known or (None, None)
            if reading is not None:
                raw.body[index] = pose_correction.body_joints(reading.points, table)
                raw.spread[index] = pose_correction.plain_values(reading.spread, worst=True)
                raw.hands[:, index] = found
                raw.away[index] = _facing_away(reading)
                if world is not None and reading.world is not None:
                    world[index] = pose_correction.body_joints(reading.world, table)
            before = reading
            advance()
    return raw


def _read_frame(
    clip: FrameSource,
    index: int,
    near: PoseReading,
    tracked: PoseReading | None,
    before: PoseReading | None,
    estimator: PoseEstimator,
    hands: HandEstimator,
) -> tuple[PoseReading | None, NDArray[np.float64]]:
    """(the person about `near` on a frame, both hands [2, 21, 2]); `before` is the person on the
    frame before."""
    nothing = np.full((2, POINTS, 2), np.nan)
    picture = clip.read(index)
    if is_black(picture):
        return None, nothing
    reading = estimator.person(picture, near, seen=tracked is not None)
    if reading is None and before is not None:
        reading = estimator.follow(clip.read(index - 1), picture, before)
    if reading is None:
        return None, nothing
    body = pose_correction.body_joints(reading.points, pose_correction.weights(estimator.model))
    return reading, np.stack(hands.find(picture, body))
