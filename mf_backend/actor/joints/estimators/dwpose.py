"""DWPose through rtmlib, where its two model files are on this machine."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints.estimate import (
    JointEstimate,
    RawJoints,
    everybody,
    everybody_else,
    is_black,
    repaired,
    rough_joints,
)
from mf_backend.actor.joints.hands import POINTS
from mf_backend.actor.joints.person_choice import choose_anchors
from mf_backend.actor.joints.person_track import (
    COLOURS,
    Candidate,
    follow,
    torso_colours,
)
from mf_backend.actor.joints.pose_views import LANDMARKS, Picture, PoseReading
from mf_backend.contracts.checks.npz import WantedArray
from mf_backend.contracts.errors import MissingComponentError
from mf_backend.contracts.findings import EVERYBODY, NO_FINDINGS, Findings
from mf_backend.contracts.frames import FrameSource
from mf_backend.contracts.progress import Reporter
from mf_backend.weights.catalog import optional

Floats = NDArray[np.float64]

_DETECTOR, _POSE = "yolox_l.onnx", "dw-ll_ucoco_384.onnx"
_SCORE = 0.3
"""A joint exists over this score, as in the skeletons that the weights were trained on."""
_HAND_SCORE = 0.3
_BODY = (0, -1, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
"""COCO-WholeBody keypoint of each body joint; the neck is the middle of the shoulders."""
_KEYPOINTS = 133
_KIND = f"{EVERYBODY}dwpose"
_PEOPLE = range(200)
_KEPT = {
    "points": WantedArray((_PEOPLE, {_KEYPOINTS}, {2}), "[people, 133, 2]"),
    "scores": WantedArray((_PEOPLE, {_KEYPOINTS}), "[people, 133]"),
    "colours": WantedArray((_PEOPLE, {COLOURS}), f"[people, {COLOURS}]"),
    "black": WantedArray(((1,),), "[1]"),
}
_LEFT_HAND, _RIGHT_HAND = slice(91, 112), slice(112, 133)
_MEDIAPIPE = {0: 0, 1: 2, 2: 5, 3: 7, 4: 8, 5: 11, 6: 12, 7: 13, 8: 14, 9: 15, 10: 16,
              11: 23, 12: 24, 13: 25, 14: 26, 15: 27, 16: 28}  # fmt: skip
"""COCO keypoint: MediaPipe landmark of the same name."""


class DWPose:
    """The whole-body estimator that the released skeletons were made with."""

    name = "dwpose"
    label = "DWPose"

    def require(self) -> None:
        """See JointEstimator. Loads neither model."""
        if importlib.util.find_spec("rtmlib") is None:
            raise MissingComponentError(
                "dwpose-missing", "rtmlib is not installed.", "Run `pip install rtmlib`."
            )
        for item in (optional(_DETECTOR), optional(_POSE)):
            if not item.present:
                raise MissingComponentError(
                    "dwpose-missing", f"{item.name} is not on this machine.", item.how
                )

    def estimate(
        self,
        clip: FrameSource,
        person: tuple[float, ...],
        reporter: Reporter,
        findings: Findings = NO_FINDINGS,
    ) -> JointEstimate:
        """See JointEstimator."""
        model = _load()
        people: list[tuple[Candidate, ...]] = []
        found: list[list[tuple[PoseReading, Floats, Floats]]] = []
        black: list[int] = []
        for index in range(clip.count):
            known = findings.load(_KIND, index, _KEPT)
            if known is None:
                known = _look(model, clip.read(index))
                findings.keep(_KIND, index, known)
            if known["black"][0]:
                black.append(index)
            group = [
                (_as_reading(points, scores), points, scores)
                for points, scores in zip(known["points"], known["scores"], strict=True)
            ]
            found.append(group)
            people.append(
                tuple(
                    Candidate(reading, colours)
                    for (reading, _, _), colours in zip(group, known["colours"], strict=True)
                )
            )
            reporter.advance(2 * (index + 1), "joints")
        track = follow(people, *choose_anchors(people, person))
        findings.follow(rough_joints(track))
        raw = RawJoints(
            np.full((clip.count, len(_BODY), 2), np.nan),
            np.zeros((clip.count, len(_BODY))),
            np.full((2, clip.count, POINTS, 2), np.nan),
            np.zeros(clip.count, dtype=bool),
        )
        for index, wanted in enumerate(track):
            for reading, points, scores in found[index]:
                if reading is wanted:
                    raw.body[index] = body_from_coco(points, scores)
                    raw.hands[:, index] = hands_from_coco(points, scores)
        seen = everybody_else(people, track), everybody(people)
        return repaired(raw, clip.size, "DWPose", black, *seen)


def body_from_coco(points: Floats, scores: Floats) -> Floats:
    """Body joints [18, 2] of one person's keypoints [133, 2] and scores [133]; NaN under 0.3."""
    body: Floats = points[[max(0, k) for k in _BODY]].copy()
    sure = scores[[max(0, k) for k in _BODY]] > _SCORE
    body[1] = (body[2] + body[5]) / 2
    sure[1] = sure[2] and sure[5]
    body[~sure] = np.nan
    return body


def hands_from_coco(points: Floats, scores: Floats) -> Floats:
    """Left and right hand [2, 21, 2]; NaN where the hand's median score is under 0.3."""
    hands = np.full((2, POINTS, 2), np.nan)
    for side, part in enumerate((_LEFT_HAND, _RIGHT_HAND)):
        if float(np.median(scores[part])) > _HAND_SCORE:
            hands[side] = points[part]
    return hands


def _as_reading(points: Floats, scores: Floats) -> PoseReading:
    """The person as a PoseReading, for following: landmarks without a keypoint take the nose's."""
    landmarks = np.repeat(points[:1], LANDMARKS, axis=0)
    visibility = np.zeros(LANDMARKS)
    for coco, landmark in _MEDIAPIPE.items():
        landmarks[landmark] = points[coco]
        visibility[landmark] = scores[coco]
    return PoseReading(landmarks, np.zeros(LANDMARKS), visibility, np.zeros(LANDMARKS))


def _load() -> Any:
    from rtmlib import Wholebody

    return Wholebody(
        det=str(optional(_DETECTOR).path),
        det_input_size=(640, 640),
        pose=str(optional(_POSE).path),
        pose_input_size=(288, 384),
        backend="onnxruntime",
        device="cpu",
    )


def _look(model: Any, picture: Picture) -> dict[str, NDArray[Any]]:
    """Everybody on a picture, as findings keep it."""
    black = is_black(picture)
    points, scores, colours = [], [], []
    if not black:
        found = model(np.ascontiguousarray(picture[..., ::-1]))
        for person, score in zip(*(np.asarray(part, np.float64) for part in found), strict=True):
            if (score[[5, 6, 11, 12]] > _SCORE).sum() >= 2:
                points.append(person)
                scores.append(score)
                colours.append(torso_colours(picture, _as_reading(person, score)))
    return {
        "points": np.array(points).reshape(-1, _KEYPOINTS, 2),
        "scores": np.array(scores).reshape(-1, _KEYPOINTS),
        "colours": np.array(colours).reshape(-1, COLOURS),
        "black": np.array([black]),
    }
