"""What the preview makes of frames that cover, crop or never show parts of the actor."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mf_backend.body.limb_widths import BodyWidths, measure_widths
from mf_backend.body.surfaces.names import HEAD, LEFT_ARM, LEFT_LEG, RIGHT_ARM, RIGHT_LEG, TRUNK
from mf_backend.body.whole_skeleton import complete
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import Settings
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob
from mf_backend.engines.preview.order import drawing_order
from tests.backend.engines.preview.figure import conditions, drawn, raised, render
from tests.backend.memory_clip import Frames

SIZE = (320, 300)


def test_a_pose_of_the_clip_gives_that_very_frame(odd_path: Path) -> None:
    clip, masks, joints = drawn(8, SIZE)
    # Marks that only a picture in place reproduces.
    frames = [clip.read(i).copy() for i in range(8)]
    for i, frame in enumerate(frames):
        for a, b in ((2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13), (1, 8)):
            for share in (0.25, 0.5, 0.75):
                x, y = (joints[i, a] + share * (joints[i, b] - joints[i, a])).round().astype(int)
                cv2.circle(frame, (int(x), int(y)), 4, (40 * a % 255, 90 * b % 255, 200), -1)
    clip = Frames(frames)
    made = conditions(odd_path / "c", joints, joints, masks)
    for i, result in render(clip, made, odd_path / "w").items():
        inside = cv2.erode(masks[i], np.ones((3, 3), np.uint8)) > 0
        error = (result.astype(float) - frames[i])[inside]
        psnr = 10 * np.log10(255**2 / (error**2).mean())
        assert psnr > 27, f"frame {i}: {psnr:.1f} dB"


def test_what_covers_the_body_in_some_frames_is_not_painted_on_it(odd_path: Path) -> None:
    clip, masks, joints = drawn(8, SIZE)
    frames = [clip.read(i).copy() for i in range(8)]
    unit = SIZE[1] / 10
    for i in range(0, 8, 2):
        # The right hand lies on the chest, sleeve and all, in every other frame.
        joints[i, 3] = joints[i, 2] + (-0.6 * unit, 1.2 * unit)
        joints[i, 4] = joints[i, 1] + (0.1 * unit, 1.2 * unit)
        plain = drawn(8, SIZE)[2]
        arm = np.zeros(SIZE[::-1], np.uint8)
        for a, b in ((2, 3), (3, 4)):
            p, q = (tuple(int(v) for v in plain[i, k]) for k in (a, b))
            cv2.line(arm, p, q, 255, 19)
        frames[i][arm > 0] = (110, 120, 130)
        masks[i][arm > 0] = 0
        for picture, colour in ((frames[i], (190, 30, 30)), (masks[i], 255)):
            cv2.fillConvexPoly(picture, plain[i, [2, 5, 11, 8]].astype(np.int32), colour)
        for a, b in ((2, 3), (3, 4)):
            p, q = (tuple(int(v) for v in joints[i, k]) for k in (a, b))
            cv2.line(frames[i], p, q, (40, 220, 60), 15)
            cv2.line(masks[i], p, q, 255, 15)
    target = raised(drawn(8, SIZE)[2])
    made = conditions(odd_path / "c", joints, target, masks)
    for i, result in render(Frames(frames), made, odd_path / "w").items():
        neck, hips = target[i, 1], (target[i, 8] + target[i, 11]) / 2
        chest = np.zeros(SIZE[::-1], np.uint8)
        corners = np.array([(-0.6, 0.15), (0.6, 0.15), (0.3, 0.85), (-0.3, 0.85)])
        length = hips[1] - neck[1]
        polygon = neck + corners * (unit, length)
        cv2.fillConvexPoly(chest, polygon.astype(np.int32), 1)
        green = (result[..., 1].astype(int) > result[..., 0].astype(int) + 20) & (chest > 0)
        assert green.sum() <= 0.02 * chest.sum(), f"frame {i}: the hand stays on the chest"
        red = (result[..., 0] > 140) & (chest > 0)
        assert red.sum() > 0.9 * chest.sum(), f"frame {i}: the shirt has a hole"


def test_an_arm_that_no_frame_shows_comes_from_the_other_side(odd_path: Path) -> None:
    clip, masks, joints = drawn(6, SIZE)
    frames = [clip.read(i).copy() for i in range(6)]
    source = joints.copy()
    # The picture ends left of the right elbow in all frames.
    cut = int(np.ceil(joints[:, 2, 0].min())) - 6
    frames = [np.ascontiguousarray(frame[:, cut:]) for frame in frames]
    masks = [np.ascontiguousarray(mask[:, cut:]) for mask in masks]
    source[..., 0] -= cut
    source[:, [3, 4]] = np.nan
    target = raised(joints)
    # Straight up, where the picture has room for it.
    for shoulder, elbow, wrist, side in ((2, 3, 4, -1), (5, 6, 7, 1)):
        target[:, elbow] = target[:, shoulder] + (side * 2.0, -40)
        target[:, wrist] = target[:, elbow] + (side * 2.0, -36)
    target[..., 0] -= cut
    made = conditions(odd_path / "c", source, target, masks)
    reporter = NullReporter()
    job = EngineJob(Frames(frames), made, Settings(), odd_path / "w")
    results = dict(load_engine("preview").render(job, range(6), reporter))
    for i, result in results.items():
        x, y = ((target[i, 3] + target[i, 4]) / 2).astype(int)
        assert np.abs(result[y, x].astype(int) - (230, 180, 150)).max() < 40, f"frame {i}"
    said = dict(reporter.warnings)
    assert "right arm" in said["preview-mirrored"]


def test_legs_that_the_picture_cuts_off_go_on(odd_path: Path) -> None:
    clip, masks, joints = drawn(6, SIZE)
    low = 235
    frames = [np.ascontiguousarray(clip.read(i)[:low]) for i in range(6)]
    masks = [np.ascontiguousarray(mask[:low]) for mask in masks]
    source = joints.copy()
    source[:, [10, 13]] = np.nan
    target = joints.copy()
    target[..., 1] -= 30
    made = conditions(odd_path / "c", source, target, masks)
    for i, result in render(Frames(frames), made, odd_path / "w").items():
        for knee, ankle in ((9, 10), (12, 13)):
            way = target[i, ankle] - target[i, knee]
            for y in (low - 12, low - 3):
                x = int(target[i, knee, 0] + way[0] * (y - target[i, knee, 1]) / way[1])
                trousers = np.abs(result[y, x].astype(int) - (40, 40, 160)).max()
                assert trousers < 45, f"frame {i}: a stump at {(x, y)}"


def body() -> tuple[np.ndarray, BodyWidths, np.ndarray]:
    """A skeleton whose left hand lies on its chest, its widths, and its places in space."""
    _, masks, joints = drawn(1, SIZE)
    joints[0, 6] = joints[0, 5] + (20, 30)
    joints[0, 7] = joints[0, 1] + (5, 40)
    whole = complete(joints)
    places = np.full((60, 3), np.nan)
    places[:18, :2] = joints[0, :18] / 100
    places[:18, 2] = 4.0
    return whole.points[0], measure_widths(whole, masks.__getitem__, [0]), places


def test_an_arm_behind_the_back_is_drawn_behind_it() -> None:
    points, widths, places = body()
    plain = drawing_order(points, widths)
    assert plain[2:] == (TRUNK, HEAD, RIGHT_ARM, LEFT_ARM)
    places[6:8, 2] = 4.3
    behind = drawing_order(points, widths, places)
    assert behind.index(LEFT_ARM) < behind.index(TRUNK)
    places[6:8, 2] = 3.7
    before = drawing_order(points, widths, places)
    assert before[-1] == LEFT_ARM


def test_the_nearer_leg_is_drawn_later() -> None:
    points, widths, places = body()
    places[9:11, 2], places[12:14, 2] = 3.8, 4.2
    order = drawing_order(points, widths, places)
    assert order.index(RIGHT_LEG) > order.index(LEFT_LEG)
    places[9:11, 2], places[12:14, 2] = 4.2, 3.8
    order = drawing_order(points, widths, places)
    assert order.index(RIGHT_LEG) < order.index(LEFT_LEG)


def test_depths_that_are_not_all_known_are_left_aside() -> None:
    points, widths, places = body()
    places[7] = np.nan
    assert drawing_order(points, widths, places) == drawing_order(points, widths)


def test_a_raised_shoulder_leaves_the_shirts_stripes_where_they_are(odd_path: Path) -> None:
    clip, masks, joints = drawn(4, SIZE)
    frames = [clip.read(i).copy() for i in range(4)]
    y = np.mgrid[: SIZE[1], : SIZE[0]][0]
    for i, frame in enumerate(frames):
        shirt = (frame == (190, 30, 30)).all(-1)
        frame[shirt & (y % 14 < 7)] = (240, 240, 240)
        joints[i, 1] = joints[i, [2, 5]].mean(0)
    target = raised(joints)
    torso = joints[:, [8, 11]].mean(1)[:, 1] - joints[:, 1, 1]
    for joint, share in ((2, 0.05), (3, 0.05), (4, 0.05), (1, 0.025)):
        target[:, joint, 1] -= share * torso
    target[:, [6, 7]] = joints[:, [6, 7]]
    made = conditions(odd_path / "c", joints, target, masks)
    for i, result in render(Frames(frames), made, odd_path / "w").items():
        x0, x1 = (int(joints[i, k, 0]) for k in (8, 11))
        top = int(joints[i, 1, 1] + 0.25 * torso[i])
        part = np.s_[top : top + int(0.6 * torso[i]), x0:x1]
        error = np.abs(result[part].astype(float) - frames[i][part])
        # 3 where they stay, 21 where the shirt is stretched up to the shoulder.
        assert error.mean() < 9, f"frame {i}: {error.mean():.0f}"


def test_a_hand_that_hung_before_a_leg_is_not_painted_on_it(odd_path: Path) -> None:
    _, masks, joints = drawn(6, SIZE)
    clip = drawn(6, SIZE)[0]
    frames = [clip.read(i).copy() for i in range(6)]
    for i, frame in enumerate(frames):
        joints[i, 3] = joints[i, 2] + (2, 42)
        joints[i, 4] = joints[i, 9] + (0, -30)
        for a, b in ((2, 3), (3, 4)):
            p, q = (tuple(int(v) for v in joints[i, k]) for k in (a, b))
            cv2.line(frame, p, q, (20, 220, 40), 15)
            cv2.line(masks[i], p, q, 255, 15)
        hand = tuple(int(v) for v in joints[i, 4] + (0, 12))
        cv2.ellipse(frame, hand, (6, 14), 0, 0, 360, (20, 220, 40), -1)
    target = raised(joints)
    made = conditions(odd_path / "c", joints, target, masks)
    for i, result in render(Frames(frames), made, odd_path / "w").items():
        x, y = joints[i, 4].astype(int)
        part = result[y - 8 : y + 26, x - 10 : x + 10].astype(int)
        left = (part[..., 1] > part[..., 2] + 40) & (part[..., 1] > part[..., 0] + 40)
        assert left.mean() < 0.1, f"frame {i}: a hand on the thigh"
