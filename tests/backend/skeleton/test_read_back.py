"""Joints read back from pictures: from our own drawings and from the released ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.skeleton.draw import draw_skeleton
from mf_backend.skeleton.joints import JOINT_INDEX, LEFT_HAND, RIGHT_HAND
from mf_backend.skeleton.read_back import read_body, read_joints

SIZE = (512, 512)
# A person in the middle of a picture: joints 0..17.
PERSON = np.array(
    [
        (256, 90), (256, 150), (206, 150), (190, 230), (180, 300), (306, 150), (330, 220),
        (340, 300), (226, 300), (220, 390), (215, 470), (286, 300), (292, 390), (300, 470),
        (246, 78), (266, 78), (230, 86), (282, 86),
    ],
    float,
)  # fmt: skip
# A flat open hand about its wrist, for a length of 1.
HAND = np.array(
    [
        (0, 0),
        *(
            (np.cos(angle) * far, np.sin(angle) * far)
            for angle, base in ((-0.9, 0.3), (-0.35, 0.6), (0, 0.65), (0.3, 0.6), (0.6, 0.5))
            for far in (base, base + 0.15, base + 0.27, base + 0.37)
        ),
    ]
)


def moved_person(random: np.random.Generator) -> np.ndarray:
    joints = np.full((60, 2), np.nan)
    joints[:18] = PERSON + random.uniform(-12, 12, (18, 2))
    return joints


def test_body_comes_back_to_a_fraction_of_a_pixel() -> None:
    random = np.random.default_rng(2)
    errors, coarse, equal = [], [], 0
    for _ in range(20):
        joints = moved_person(random)
        picture = draw_skeleton(joints, SIZE)
        read = read_joints(picture)
        assert np.isnan(read[18:]).all(), "no hands were drawn"
        errors.append(np.linalg.norm(read - joints, axis=1)[:18])
        coarse.append(np.linalg.norm(read_body(picture, refined=False) - joints[:18], axis=1))
        equal += np.array_equal(draw_skeleton(read, SIZE), picture)
    assert np.max(errors) < 1
    assert np.mean(errors) < 0.8 * np.mean(coarse)
    assert equal >= 16


def test_absent_joints_stay_absent() -> None:
    random = np.random.default_rng(5)
    for _ in range(10):
        joints = moved_person(random)
        joints[[0, 14, 15, 16, 17]] = np.nan
        joints[[10, 13]] = np.nan
        read = read_joints(draw_skeleton(joints, SIZE))
        assert np.array_equal(np.isnan(read), np.isnan(joints))
    assert np.isnan(read_joints(np.zeros((48, 64, 3), np.uint8))).all()


def test_joints_outside_the_picture_come_from_their_limbs() -> None:
    random = np.random.default_rng(6)
    for _ in range(6):
        joints = moved_person(random)
        joints[10], joints[13] = (214, 560), (300, 545)
        picture = draw_skeleton(joints, SIZE)
        read = read_joints(picture)
        assert np.linalg.norm(read[10] - joints[10]) < 12
        assert np.linalg.norm(read[13] - joints[13]) < 12
        assert (draw_skeleton(read, SIZE) != picture).any(axis=2).sum() < 60


def test_hands_are_found_at_their_wrists() -> None:
    random = np.random.default_rng(8)
    errors = []
    for _ in range(6):
        joints = moved_person(random)
        for hand, wrist in ((LEFT_HAND, "left_wrist"), (RIGHT_HAND, "right_wrist")):
            turn = random.uniform(0.6, 2.4)
            rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            joints[hand] = joints[JOINT_INDEX[wrist]] + 70 * HAND @ rotation
        read = read_joints(draw_skeleton(joints, SIZE))
        errors.append(np.linalg.norm(read - joints, axis=1)[18:])
    assert np.isfinite(errors).all()
    assert np.median(errors) < 1.5
    assert np.mean(np.array(errors) < 6) > 0.9


@pytest.mark.slow
def test_real_pictures(shared: Path) -> None:
    """Against the integer disc centres recovered by other means, and redrawn."""
    errors, equal, nearly, whole = [], 0, 0, 0
    for folder in sorted((shared / "clips").glob("case-*")):
        with np.load(folder / "reference_body_joints.npz") as data:
            expected, seen = data["source_poses"], data["source_poses_pixels_seen"]
        for index in range(0, len(expected), 3):
            path = folder / "source_poses" / f"frame_{index}.png"
            picture = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
            read = read_joints(picture)
            known = seen[index] >= 40
            assert np.isfinite(read[:18][known]).all(), (folder.name, index)
            distance = np.abs(read[:18] - 0.5 - expected[index]).max(axis=1)
            errors += distance[known].tolist()
            size = (picture.shape[1], picture.shape[0])
            different = (draw_skeleton(read, size) != picture).any(axis=2)
            body = ~cv2.dilate(
                np.isin(picture, (255,)).any(axis=2).astype(np.uint8), np.ones((3, 3))
            ).astype(bool)
            wrong = int((different & body).sum())
            whole, equal, nearly = whole + 1, equal + (wrong == 0), nearly + (wrong <= 19)
    print(f"\nof {whole} pictures redrawn from what was read: limbs equal {equal}, nearly {nearly}")
    assert np.mean(np.array(errors) <= 0.5) > 0.98
    assert equal >= 0.6 * whole
    assert nearly >= 0.85 * whole
