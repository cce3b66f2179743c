"""What is painted over a picture keeps the detail of the picture."""

from __future__ import annotations

import cv2
import numpy as np

from mf_backend.compositing.detail import with_detail
from mf_backend.compositing.window import Window

WINDOW = Window(0, 0, 64, 64, (32, 32))


def test_a_picture_that_was_left_alone_is_sharp_and_one_that_was_not_is_as_painted() -> None:
    random = np.random.default_rng(0)
    start = random.integers(60, 190, (64, 64, 3), np.uint8)
    coded = cv2.GaussianBlur(WINDOW.resized(start), (0, 0), 2)
    assert np.array_equal(with_detail(coded, coded, start, WINDOW), start)
    painted = coded.copy()
    painted[:, 16:] = 255 - painted[:, 16:] // 4  # another thing altogether
    got = with_detail(painted, coded, start, WINDOW)
    assert np.array_equal(got[:, :24], start[:, :24])
    enlarged = WINDOW.enlarge(painted).astype(int)
    assert np.abs(got[:, 44:].astype(int) - enlarged[:, 44:]).max() <= 2
    # Between the two the share of the detail falls without a step.
    shifted = with_detail(coded + 12, coded, start, WINDOW).astype(int) - start
    assert 10 < shifted.mean() < 13
