"""The numpy drawing against OpenCV's own, and against the pictures the weights were trained on."""

from __future__ import annotations

import math
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.skeleton import draw, raster
from mf_backend.skeleton.joints import HAND_LINES, LEFT_HAND, LIMBS, RIGHT_HAND


def drawn_by_opencv(joints: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The picture as its specification says it in OpenCV's calls."""
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    body = joints[:18]
    for k, pair in enumerate(LIMBS):
        a, b = body[pair[0]], body[pair[1]]
        if np.isnan([*a, *b]).any():
            continue
        centre = int((a[0] + b[0]) / 2), int((a[1] + b[1]) / 2)
        half = int(math.hypot(a[0] - b[0], a[1] - b[1]) / 2)
        degrees = int(math.degrees(math.atan2(a[1] - b[1], a[0] - b[0])))
        polygon = cv2.ellipse2Poly(centre, (half, 4), degrees, 0, 360, 1)
        cv2.fillConvexPoly(canvas, polygon, draw.BODY_COLOURS[k])
    canvas = (canvas * 0.6).astype(np.uint8)
    for point, colour in zip(body, draw.BODY_COLOURS, strict=True):
        if not np.isnan(point).any():
            cv2.circle(canvas, (int(point[0]), int(point[1])), 4, colour, -1)
    for hand in (joints[LEFT_HAND], joints[RIGHT_HAND]):
        points = [None if np.isnan(p).any() or min(int(p[0]), int(p[1])) <= 0 else p for p in hand]
        places = [None if p is None else (int(p[0]), int(p[1])) for p in points]
        for (start, end), colour in zip(HAND_LINES, draw.HAND_LINE_COLOURS, strict=True):
            if places[start] is not None and places[end] is not None:
                cv2.line(canvas, places[start], places[end], colour, 2)
        for place in places:
            if place is not None:
                cv2.circle(canvas, place, 4, draw.HAND_DISC_COLOUR, -1)
    return canvas


def random_joints(random: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Sub-pixel joints in and around the picture, hands about the wrists, some absent."""
    joints = random.uniform(-0.3, 1.3, (60, 2)) * size
    joints[LEFT_HAND] = joints[7] + random.normal(0, 20, (21, 2))
    joints[RIGHT_HAND] = joints[4] + random.normal(0, 20, (21, 2))
    joints[random.random(60) < 0.15] = np.nan
    return joints


def test_equals_opencv_on_random_joints() -> None:
    random = np.random.default_rng(4)
    for _ in range(300):
        size = (int(random.integers(40, 700)), int(random.integers(40, 700)))
        joints = random_joints(random, size)
        picture = draw.draw_skeleton(joints, size)
        assert picture.shape == (size[1], size[0], 3)
        assert picture.dtype == np.uint8
        wrong = int((picture != drawn_by_opencv(joints, size)).any(axis=2).sum())
        assert wrong == 0, f"{wrong} pixels differ at {size}"


def test_every_direction_of_a_limb_equals_opencv() -> None:
    for degrees in range(-180, 181):
        for half in (0, 1, 7, 60, 133):
            expected = np.zeros((300, 300), np.uint8)
            polygon = cv2.ellipse2Poly((150, 150), (half, 4), degrees, 0, 360, 1)
            cv2.fillConvexPoly(expected, polygon, 1)
            canvas = np.zeros_like(expected)
            raster.ellipse(half, 4, degrees).paint(canvas, 150, 150, 1)
            assert np.array_equal(canvas, expected), (half, degrees)


def test_absent_and_far_joints() -> None:
    nothing = np.full((60, 2), np.nan)
    assert not draw.draw_skeleton(nothing, (64, 48)).any()
    leaving = nothing.copy()
    leaving[1], leaving[2] = (30.0, 20.0), (30.0, 5e5)
    assert draw.draw_skeleton(leaving, (64, 48))[47].any(), "a limb is visible to the edge"
    lost = nothing.copy()
    lost[1], lost[2] = (30.0, 20.0), (1e12, 20.0)
    assert len(np.unique(draw.draw_skeleton(lost, (64, 48)).reshape(-1, 3), axis=0)) == 2
    with pytest.raises(ValueError, match=r"\(60, 2\)"):
        draw.draw_skeleton(np.zeros((18, 2)), (64, 48))


def test_redraws_the_training_pictures(shared: Path) -> None:
    """Limb shapes of the real pictures: only the integer disc centres are known of their joints,
    so the middle of each pixel stands in; discs must match, limbs nearly."""
    shares = []
    for folder in sorted((shared / "clips").glob("case-*")):
        with np.load(folder / "reference_body_joints.npz") as data:
            joints, seen = data["source_poses"], data["source_poses_pixels_seen"]
        for index in range(len(joints)):
            picture = cv2.imread(str(folder / "source_poses" / f"frame_{index}.png"))
            if picture is None:
                continue
            picture = picture[..., ::-1]
            full = np.full((60, 2), np.nan)
            full[:18] = joints[index] + 0.5
            ours = draw.draw_skeleton(full, (picture.shape[1], picture.shape[0]))
            for k in np.flatnonzero(seen[index] == 49):
                x, y = joints[index, k].astype(int)
                rows, columns = np.nonzero(raster.DISC.mask)
                there = picture[rows + y - 4, columns + x - 4]
                assert (there == draw.BODY_COLOURS[k]).all(), (folder.name, index, k)
            hands = np.isin(picture, (255,)).any(axis=2)
            limbs = picture.any(axis=2) & ~hands
            shares.append((ours[limbs] == picture[limbs]).all(axis=1).mean())
    assert len(shares) >= 56
    assert np.mean(shares) > 0.9, np.mean(shares)


@pytest.mark.slow
def test_draws_a_hundred_a_second() -> None:
    """Fresh sub-pixel joints every time, so that no shape comes from the cache."""
    random = np.random.default_rng(7)
    middle = random.uniform(150, 360, (60, 2))
    poses = []
    for _ in range(60):
        joints = middle + random.normal(0, 12, (60, 2))
        joints[LEFT_HAND] = joints[7] + random.normal(0, 12, (21, 2))
        joints[RIGHT_HAND] = joints[4] + random.normal(0, 12, (21, 2))
        poses.append(joints)
    best = 0.0
    for _ in range(3):
        raster.ellipse.cache_clear()
        raster.thick_line.cache_clear()
        start = time.process_time()
        for joints in poses:
            draw.draw_skeleton(joints, (512, 512))
        best = max(best, len(poses) / (time.process_time() - start))
    print(f"\nskeleton drawing: {best:.0f} a second at 512x512, one thread, nothing cached")
    assert best >= 100
