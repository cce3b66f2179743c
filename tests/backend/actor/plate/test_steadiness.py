"""The plate holds still: one camera's stillness told from a shadow's walk, and no flicker."""

from __future__ import annotations

import cv2
import numpy as np

from mf_backend.actor.plate.background import build_plate, kept_frames
from mf_backend.contracts.progress import NullReporter
from tests.backend.memory_clip import Frames, Picture

from .test_background import wall

SIZE = (256, 192)
COUNT = 10


def noisy(picture: Picture, seed: int, strength: float = 2.0) -> Picture:
    """A picture with the grain of a camera."""
    grain = np.random.default_rng(seed).normal(0, strength, picture.shape)
    return np.asarray(np.clip(picture + grain, 0, 255), np.uint8)


def figure(index: int) -> Picture:
    """The mask of somebody who walks to the right."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    cv2.ellipse(mask, (70 + 9 * index, 90), (15, 55), 0, 0, 360, 255, -1)
    return mask


def test_a_walking_shadow_is_no_camera_movement() -> None:
    """A bare wall and floor: all that can be tracked is the edge of the shadow."""
    bare = np.full((SIZE[1], SIZE[0], 3), (150, 148, 145), np.uint8)
    bare[150:] = (120, 122, 125)
    frames, masks = [], []
    for i in range(COUNT):
        shade = np.zeros(SIZE[::-1], np.uint8)
        points = np.array([[60, 150], [86, 150], [150, 186], [138, 172], [118, 190]])
        cv2.fillPoly(shade, [(points + np.array([9 * i, 0])).astype(np.int32)], 255)
        frame = bare.astype(np.float32) * np.where(shade > 0, 0.55, 1.0)[..., None]
        frame[figure(i) > 0] = (200, 30, 30)
        frames.append(noisy(frame.astype(np.uint8), i))
        masks.append(figure(i))
    plate = build_plate(Frames(frames), lambda i: masks[i], NullReporter())
    assert plate.report.steady


def test_a_camera_that_moves_is_seen_beside_a_walking_shadow() -> None:
    wide = wall(500, SIZE[1])
    frames, masks = [], []
    for i in range(COUNT):
        frame = wide[:, 40 + 2 * i : 40 + 2 * i + SIZE[0]].copy()
        frame[160:180, 60 + 9 * i : 110 + 9 * i] //= 2
        frame[figure(i) > 0] = (200, 30, 30)
        frames.append(frame)
        masks.append(figure(i))
    plate = build_plate(Frames(frames), lambda i: masks[i], NullReporter())
    assert not plate.report.steady
    assert plate.report.registered == 1


def test_the_plate_flickers_less_than_the_clip() -> None:
    """A noisy clip by a trembling camera: what is put in changes no more than what was there."""
    wide = wall(340, 260)
    random = np.random.default_rng(2)
    frames, masks, shifts = [], [], []
    for i in range(COUNT):
        x, y = random.uniform(10, 22, 2)
        shift = np.array([[1, 0, -x], [0, 1, -y]])
        frames.append(noisy(cv2.warpAffine(wide, shift, SIZE, flags=cv2.INTER_CUBIC), i))
        frames[-1][figure(i) > 0] = (200, 30, 30)
        masks.append(figure(i))
        shifts.append((x, y))
    clip = Frames(frames)
    plate = build_plate(clip, lambda i: masks[i], NullReporter())
    cleaned = [plate.clean(i, clip.read(i), masks[i]) for i in range(COUNT)]
    within, beside = [], []
    for i in range(COUNT - 1):
        step = np.subtract(shifts[i], shifts[i + 1])
        follow = np.array([[1, 0, step[0]], [0, 1, step[1]]])
        moved = cv2.warpAffine(cleaned[i], follow, SIZE, flags=cv2.INTER_CUBIC)
        change = np.abs(moved.astype(float) - cleaned[i + 1]).mean(2)
        # Seen by some frame, and away from the picture's border.
        put_in = (masks[i] > 0) & (masks[i + 1] > 0) & ~plate.painted(i + 1)
        near = cv2.dilate(masks[i] | masks[i + 1], np.ones((41, 41))) > 0
        far = cv2.dilate(masks[i] | masks[i + 1], np.ones((13, 13))) > 0
        far[:16], far[-16:] = True, True
        within.append(change[put_in].mean())
        beside.append(change[near & ~far].mean())
    print(f"flicker: plate {np.mean(within):.2f}, clip {np.mean(beside):.2f}")
    assert np.mean(within) < 1.2 * np.mean(beside)


def test_what_was_never_seen_is_the_same_in_all_frames() -> None:
    """A figure that stays over one place of the wall, a camera that moves about it."""
    wide = wall(420, 260)
    frames, masks = [], []
    for i in range(COUNT):
        frame = wide[20 : 20 + SIZE[1], 40 + 2 * i : 40 + 2 * i + SIZE[0]].copy()
        mask = np.zeros(SIZE[::-1], np.uint8)
        cv2.ellipse(mask, (140 - 2 * i, 100), (24, 60), 0, 0, 360, 255, -1)
        frame[mask > 0] = (200, 30, 30)
        frames.append(frame)
        masks.append(mask)
    clip = Frames(frames)
    plate = build_plate(clip, lambda i: masks[i], NullReporter())
    assert plate.report.seen < 0.2
    first = plate.clean(0, frames[0], masks[0])[60:140, 125:155]
    for i in (4, COUNT - 1):
        later = plate.clean(i, frames[i], masks[i])[60:140, 125 - 2 * i : 155 - 2 * i]
        assert np.abs(later.astype(float) - first).mean() < 3


def test_long_and_large_clips_are_thinned_out() -> None:
    assert kept_frames(SIZE, COUNT) == COUNT
    assert kept_frames((512, 512), 600) == 40
    for size in ((1920, 1080), (3840, 2160), (7680, 4320)):
        count = kept_frames(size, 600)
        assert count >= 4
        assert count * 4 * size[0] * size[1] <= max(201_400_000, 16 * size[0] * size[1])
