"""Landmarks to body joints, views of a crop, DWPose's keypoints, and resized skeleton pictures."""

from __future__ import annotations

import numpy as np
import pytest

from mf_backend.actor.joints import pose_correction
from mf_backend.actor.joints.estimators.dwpose import body_from_coco, hands_from_coco
from mf_backend.actor.joints.pose_models import PoseModel
from mf_backend.actor.joints.pose_views import CANVAS, Region, View, cut, undo, view_matrix
from mf_backend.skeleton.draw import draw_skeleton
from mf_backend.skeleton.pose_pictures import exactly_drawn, read_pose_picture

from .test_repair import walking

MIRROR = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *(i for k in range(11, 33, 2) for i in (k + 1, k))]
BODY_MIRROR = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]


@pytest.mark.parametrize("model", list(PoseModel))
def test_correction_turns_mirrors_and_grows_with_the_person(model: PoseModel) -> None:
    table = pose_correction.weights(model)
    points = np.random.default_rng(0).uniform(0, 200, (33, 2))
    body = pose_correction.body_joints(points, table)
    assert np.linalg.norm(body - pose_correction.plain_body(points), axis=-1).max() > 0.5
    angle = 0.7
    turn = 1.8 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = pose_correction.body_joints(points @ turn.T + [30, -12], table)
    assert np.allclose(moved, body @ turn.T + [30, -12])
    flipped = pose_correction.body_joints((points * [-1, 1])[MIRROR], table)
    assert np.allclose(flipped, (body * [-1, 1])[BODY_MIRROR])


@pytest.mark.parametrize("view", [View(), View(0.8, 12.0), View(1.1, -5.0, mirrored=True)])
@pytest.mark.parametrize("side", [100.0, 900.0, 2400.0])
def test_a_spot_is_found_where_it_was(view: View, side: float) -> None:
    """A blob in a large picture, seen through a crop, comes back to its place."""
    picture = np.zeros((1500, 1800, 3), np.uint8)
    x, y, half = 1003, 704, max(2, round(side / 60))
    picture[y - half : y + half + 1, x - half : x + half + 1] = 255
    canvas, matrix = cut(picture, Region(990.0, 690.0, side), view)
    assert canvas.shape == (CANVAS, CANVAS, 3)
    weight = canvas[..., 0].astype(np.float64)
    rows, columns = np.indices(weight.shape)
    centre = np.array([[(columns * weight).sum(), (rows * weight).sum()]]) / weight.sum()
    assert undo(matrix, centre)[0] == pytest.approx([x, y], abs=side / CANVAS)
    assert np.allclose(matrix, view_matrix(Region(990.0, 690.0, side), view))


def test_coco_keypoints() -> None:
    points = np.stack([np.arange(133.0), 1000 - np.arange(133.0)], axis=-1)
    scores = np.ones(133)
    scores[[7, 91]] = 0.1
    scores[112:133] = 0.2
    body = body_from_coco(points, scores)
    assert body[2, 0] == 6 and body[5, 0] == 5 and body[1, 0] == 5.5
    assert np.isnan(body[6]).all() and body[14, 0] == 2 and body[13, 0] == 15
    left, right = hands_from_coco(points, scores)
    assert left[:, 0].tolist() == list(range(91, 112)) and np.isnan(right).all()


@pytest.mark.parametrize("scale", [0.7, 1.3])
def test_resized_skeleton_pictures(scale: float) -> None:
    import cv2

    joints = np.full((60, 2), np.nan)
    joints[:18] = walking(8)[5]
    picture = draw_skeleton(joints, (640, 480))
    assert exactly_drawn(picture)
    size = (round(640 * scale), round(480 * scale))
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    assert not exactly_drawn(resized)
    found = read_pose_picture(resized)[:18]
    known = np.isfinite(found).all(axis=-1)
    assert known[:14].all()
    expected = (joints[:18] + 0.5) * scale - 0.5
    assert np.linalg.norm(found - expected, axis=-1)[known].max() < 2.0


def test_empty_picture_has_no_joints() -> None:
    assert np.isnan(read_pose_picture(np.zeros((48, 64, 3), np.uint8))).all()
