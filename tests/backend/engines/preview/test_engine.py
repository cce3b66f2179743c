"""The preview engine on a real clip and on small drawn ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.contracts.errors import CancelledError, InputError
from mf_backend.contracts.progress import NullReporter
from mf_backend.contracts.request import Alignment, Settings
from mf_backend.engines import load_engine
from mf_backend.engines.base import EngineJob
from mf_backend.retarget.alignment import AlignmentOptions, align
from mf_backend.skeleton.read_back import read_joints
from tests.backend.engines.preview.figure import changed_outside, conditions, drawn, raised, render
from tests.backend.memory_clip import Frames


def test_arms_go_where_the_rig_puts_them(odd_path: Path) -> None:
    clip, masks, joints = drawn(6, (320, 300))
    target = raised(joints)
    made = conditions(odd_path / "c", joints, target, masks)
    results = render(clip, made, odd_path / "w")
    assert sorted(results) == list(range(6))
    assert changed_outside(clip, made, results) == 0
    for i, result in results.items():
        for a, b in ((2, 3), (3, 4), (5, 6), (6, 7)):
            x, y = ((target[i, a] + target[i, b]) / 2).astype(int)
            skin = np.abs(result[y, x].astype(int) - (230, 180, 150)).max()
            assert skin < 40, f"frame {i}: no arm at {(x, y)}"
        # Where the hands hung before there is wall now, no arm.
        for k in (4, 7):
            x, y = joints[i, k].astype(int)
            assert result[y, x, 0] < 160
    # The head stays itself.
    x, y = joints[2, 0].astype(int)
    assert np.abs(results[2][y, x].astype(int) - (230, 180, 150)).max() < 25


def test_what_a_hand_holds_goes_with_it(odd_path: Path) -> None:
    clip, masks, joints = drawn(6, (320, 300))
    frames = [clip.read(i).copy() for i in range(6)]
    for i, frame in enumerate(frames):
        ball = tuple(int(v) for v in joints[i, 4] + (-14, 22))
        for picture, colour in ((frame, (20, 220, 40)), (masks[i], 255)):
            cv2.circle(picture, ball, 13, colour, -1)
    clip = Frames(frames)
    made = conditions(odd_path / "c", joints, raised(joints), masks)
    results = render(clip, made, odd_path / "w")
    assert changed_outside(clip, made, results) == 0
    for i, result in results.items():
        green = (result[..., 1] > 180) & (result[..., 0] < 90)
        y, x = np.nonzero(green)
        assert len(x) > 250, f"frame {i}: the ball is gone"
        wrist = raised(joints)[i, 4]
        assert np.hypot(x.mean() - wrist[0], y.mean() - wrist[1]) < 45


def test_frames_asked_for_are_the_same_as_in_a_whole_run(odd_path: Path) -> None:
    clip, masks, joints = drawn(6, (161, 203))
    made = conditions(odd_path / "c", joints, raised(joints), masks)
    whole = render(clip, made, odd_path / "w")
    part = render(clip, made, odd_path / "w", [2, 5])
    assert sorted(part) == [2, 5]
    for i in part:
        np.testing.assert_array_equal(part[i], whole[i])
    assert whole[0].shape == (203, 161, 3)


def test_no_actor_at_all_is_said_and_gives_the_background(odd_path: Path) -> None:
    clip, masks, joints = drawn(4, (160, 150))
    made = conditions(odd_path / "c", joints, raised(joints), [np.zeros_like(m) for m in masks])
    reporter = NullReporter()
    job = EngineJob(clip, made, Settings(), odd_path)
    results = dict(load_engine("preview").render(job, range(4), reporter))
    assert len(results) == 4
    assert "preview-no-actor" in [code for code, _ in reporter.warnings]


def test_one_frame_clip(odd_path: Path) -> None:
    clip, masks, joints = drawn(1, (160, 150))
    made = conditions(odd_path / "c", joints, raised(joints), masks)
    results = render(clip, made, odd_path)
    assert changed_outside(clip, made, results) == 0


def test_a_damaged_condition_names_the_frame(odd_path: Path) -> None:
    clip, masks, joints = drawn(3, (160, 150))
    made = conditions(odd_path / "c", joints, raised(joints), masks)
    made.path("target_masks", 1).write_bytes(b"no picture")
    with pytest.raises(InputError, match="frame 1"):
        render(clip, made, odd_path)


def test_cancel_stops_between_frames(odd_path: Path) -> None:
    class Cancelled(NullReporter):
        stage = ""

        def begin(self, stage: str, total: int) -> None:
            self.stage = stage

        def advance(self, step: int, note: str = "") -> None:
            if self.stage == "render" and step == 2:
                raise CancelledError()

    clip, masks, joints = drawn(5, (160, 150))
    made = conditions(odd_path / "c", joints, raised(joints), masks)
    done = []
    with pytest.raises(CancelledError):
        for index, _ in load_engine("preview").render(
            EngineJob(clip, made, Settings(), odd_path), range(5), Cancelled()
        ):
            done.append(index)
    assert done == [0, 1]


@pytest.mark.slow
def test_a_real_actor_takes_the_target_pose(shared: Path, odd_path: Path) -> None:
    """Judged by running a joint estimator on the result."""
    import mediapipe

    folder = shared / "clips" / "case-1"
    count = 24

    def pose(kind: str) -> NDArray[np.float64]:
        paths = [folder / kind / f"frame_{i}.png" for i in range(count)]
        return np.stack([read_joints(cv2.imread(str(p))[..., ::-1]) for p in paths])

    clip = Frames([
        cv2.imread(str(folder / "source_images" / f"frame_{i}.jpg"))[..., ::-1].copy()
        for i in range(count)
    ])  # fmt: skip
    masks = [
        np.where(cv2.imread(str(folder / "source_masks" / f"frame_{i}.png"), 0) > 127, 255, 0)
        .astype(np.uint8)
        for i in range(count)
    ]  # fmt: skip
    source = pose("source_poses")
    options = AlignmentOptions(size=(512, 512))
    target = align(pose("target_poses"), source, Alignment.FIT, options).joints
    made = conditions(odd_path / "c", source, target, masks)
    results = render(clip, made, odd_path, list(range(0, count, 3)))
    assert changed_outside(clip, made, results) == 0

    places = {0: 0, 2: 12, 3: 14, 4: 16, 5: 11, 6: 13, 7: 15, 8: 24, 9: 26, 11: 23, 12: 25}
    body = target[:, :14, 1]
    height = float(np.nanmedian(np.nanmax(body, 1) - np.nanmin(body, 1)))
    hits = []
    with mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1) as estimator:
        for i, result in results.items():
            found = estimator.process(result).pose_landmarks
            for joint, landmark in places.items():
                inside = ((target[i, joint] > 4) & (target[i, joint] < 507)).all()
                if not inside:
                    continue
                if found is None:
                    hits.append(False)
                    continue
                mark = found.landmark[landmark]
                off = np.linalg.norm((mark.x * 512, mark.y * 512) - target[i, joint])
                hits.append(bool(off < 0.1 * height))
    assert np.mean(hits) >= 0.8
