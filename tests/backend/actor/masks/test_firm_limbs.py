"""Hair that looks like the wall behind it is whole in a firm matte; what the matte tells well is
left alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.firm_limbs import measure_cores

SIZE = (240, 320)
WALL = (120, 90, 84)
Picture = NDArray[np.uint8]


def _joints() -> NDArray[np.float64]:
    """One frame [1, 60, 2] of somebody upright."""
    joints = np.full((1, 60, 2), np.nan)
    for number, x, y in (
        (0, 120, 66), (1, 120, 100), (2, 92, 100), (5, 148, 100), (8, 102, 190), (11, 138, 190),
        (14, 114, 60), (15, 126, 60), (16, 104, 64), (17, 136, 64),
    ):  # fmt: skip
        joints[0, number] = x, y
    return joints


def _filmed(hair: tuple[int, int, int]) -> tuple[Picture, Picture, Picture]:
    """The frame, a matte that has the hair half transparent, and where the hair is."""
    width, height = SIZE
    body = np.zeros((height, width), np.uint8)
    cv2.ellipse(body, (120, 64), (22, 28), 0, 0, 360, 255, -1)
    cv2.rectangle(body, (84, 92), (156, 200), 255, -1)
    tuft = np.where((np.arange(height) < 50)[:, None], body, 0).astype(np.uint8)
    frame = np.full((height, width, 3), WALL, np.uint8)
    frame[body > 0], frame[tuft > 0] = (210, 170, 150), hair
    matte = np.where(tuft > 0, 150, body).astype(np.uint8)
    return frame, cv2.GaussianBlur(matte, (0, 0), 0.8).astype(np.uint8), tuft


def _firm(frame: Picture, matte: Picture) -> Picture:
    cores = measure_cores(_joints(), lambda _: matte, SIZE)
    assert cores is not None
    return cores.firm(0, matte, frame)


def test_hair_of_the_walls_colour_is_whole_but_for_its_rim() -> None:
    frame, matte, tuft = _filmed((84, 62, 58))
    firm = _firm(frame, matte)
    inner = cv2.erode(tuft, np.ones((7, 7), np.uint8)) > 0
    assert matte[inner].max() < 200 and firm[inner].min() > 240
    beside = cv2.dilate(tuft, np.ones((7, 7), np.uint8)) == 0
    assert firm[beside & (matte < 24)].max() < 24


def test_hair_that_the_wall_does_not_hide_keeps_its_matte() -> None:
    frame, matte, tuft = _filmed((10, 8, 230))
    # What lies near the joints' line is firm by the core of the body, whatever its colour.
    outer = (tuft > 0) & (np.arange(SIZE[1]) < 44)[:, None]
    np.testing.assert_array_equal(_firm(frame, matte)[outer], matte[outer])
