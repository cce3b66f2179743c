"""The plate on clips whose background is known: a figure before a still and a panned wall."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mf_backend.actor.plate.background import build_plate
from mf_backend.actor.plate.fill import inpaint
from mf_backend.actor.plate.tone import match_tone
from mf_backend.contracts.errors import CancelledError
from mf_backend.contracts.progress import NullReporter
from tests.backend.memory_clip import Frames, Picture

SIZE = (240, 180)
COUNT = 12


def wall(width: int, height: int) -> Picture:
    """A detailed background."""
    random = np.random.default_rng(5)
    coarse = cv2.resize(random.integers(40, 215, (18, 32, 3), np.uint8), (width, height),
                        interpolation=cv2.INTER_CUBIC)  # fmt: skip
    for _ in range(120):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        colour = tuple(int(c) for c in random.integers(0, 255, 3))
        cv2.rectangle(coarse, (x, y), (x + 9, y + 6), colour, -1)
    return coarse


def clip(step: float, walk: int, light: float = 0.0) -> tuple[Frames, list[Picture], list[Picture]]:
    """Frames, their masks and their true backgrounds: camera and figure move each frame."""
    wide = wall(420, SIZE[1])
    frames, masks, truth = [], [], []
    for i in range(COUNT):
        shift = np.array([[1, 0, -40 - step * i], [0, 1, 0]], np.float64)
        background = cv2.warpAffine(wide, shift, SIZE, flags=cv2.INTER_LINEAR)
        background = np.clip(background.astype(np.float32) + light * i, 0, 255).astype(np.uint8)
        mask = np.zeros(SIZE[::-1], np.uint8)
        cv2.ellipse(mask, (50 + walk * i, 100), (22, 60), 0, 0, 360, 255, -1)
        frame = background.copy()
        frame[mask > 0] = (200, 30, 30)
        frames.append(frame)
        masks.append(mask)
        truth.append(background)
    return Frames(frames), masks, truth


@pytest.mark.parametrize(("step", "steady"), [(0.0, True), (3.0, False)])
def test_background_comes_from_frames_that_saw_it(step: float, steady: bool) -> None:
    source, masks, truth = clip(step, walk=11)
    plate = build_plate(source, lambda i: masks[i], NullReporter())
    assert plate.report.steady is steady
    assert plate.report.seen > 0.97
    for i in (0, 5, COUNT - 1):
        frame = source.read(i)
        cleaned = plate.clean(i, frame, masks[i])
        behind = masks[i] > 0
        error = np.abs(cleaned[behind].astype(int) - truth[i][behind]).mean()
        assert error < (2 if steady else 9)
        far = cv2.dilate(masks[i], np.ones((15, 15), np.uint8)) == 0
        np.testing.assert_array_equal(cleaned[far], frame[far])


def test_what_no_frame_saw_is_painted_in_and_reported() -> None:
    source, masks, truth = clip(0.0, walk=0)
    plate = build_plate(source, lambda i: masks[i], NullReporter())
    assert plate.report.seen < 0.05
    cleaned = plate.clean(3, source.read(3), masks[3])
    red = (cleaned[..., 0] > 180) & (cleaned[..., 1] < 60) & (masks[3] > 0)
    assert red.mean() < 0.001
    error = np.abs(cleaned[masks[3] > 0].astype(int) - truth[3][masks[3] > 0]).mean()
    assert error < 60


def test_light_that_changes_is_followed() -> None:
    source, masks, truth = clip(0.0, walk=11, light=3.0)
    plate = build_plate(source, lambda i: masks[i], NullReporter())
    last = COUNT - 1
    cleaned = plate.clean(last, source.read(last), masks[last])
    behind = masks[last] > 0
    assert np.abs(cleaned[behind].astype(int) - truth[last][behind]).mean() < 6


def test_one_frame_and_nobody() -> None:
    source, masks, _ = clip(0.0, walk=0)
    one = Frames([source.read(0)])
    plate = build_plate(one, lambda i: masks[i], NullReporter())
    assert plate.clean(0, one.read(0), masks[0]).shape == (SIZE[1], SIZE[0], 3)
    empty = np.zeros_like(masks[0])
    nobody = build_plate(source, lambda i: empty, NullReporter())
    np.testing.assert_array_equal(nobody.clean(0, source.read(0), empty), source.read(0))


def test_cancel_stops_the_reading() -> None:
    class Cancelled(NullReporter):
        def advance(self, step: int, note: str = "") -> None:
            if step == 3:
                raise CancelledError()

    source, masks, _ = clip(0.0, walk=0)
    with pytest.raises(CancelledError):
        build_plate(source, lambda i: masks[i], Cancelled())


def test_inpaint_leaves_the_known_alone() -> None:
    picture = wall(200, 150)
    hole = np.zeros((150, 200), bool)
    hole[20:140, 30:180] = True
    painted = inpaint(picture, hole)
    np.testing.assert_array_equal(painted[~hole], picture[~hole])
    assert not np.array_equal(painted[hole], picture[hole])


def test_match_tone_removes_a_step() -> None:
    frame = wall(200, 150)
    covered = np.zeros((150, 200), bool)
    covered[50:100, 80:120] = True
    darker = np.clip(frame.astype(int) - 30, 0, 255).astype(np.uint8)
    matched = match_tone(darker, frame, covered, covered, 12)
    np.testing.assert_array_equal(matched[~covered], darker[~covered])
    safe = covered & (frame.min(-1) > 40)
    assert np.abs(matched[safe].astype(int) - frame[safe]).mean() < 3
