"""A set of two planes, laid upon itself as a travelling camera sees it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.parallax import laid_upon


def two_planes(shift: float) -> NDArray[np.uint8]:
    """A wall that stays above a floor that has moved to the right by `shift` pixels."""
    random = np.random.default_rng(3)
    wall, floor = (
        cv2.GaussianBlur(random.uniform(0, 255, (120, 320, 3)).astype(np.float32), (0, 0), 2.5)
        for _ in range(2)
    )
    picture = np.vstack([wall, floor])
    picture = np.clip(128 + 4 * (picture - 127.5), 0, 255).astype(np.uint8)
    move = np.array([[1, 0, shift], [0, 1, 0.0]])
    picture[120:] = cv2.warpAffine(picture[120:], move, (320, 120), borderMode=cv2.BORDER_REFLECT)
    return picture


def test_what_one_plane_leaves_aside_is_laid_upon_the_other_picture_behind_a_hole() -> None:
    moved, fixed = two_planes(0.0), two_planes(4.0)
    hole = np.zeros((240, 320), np.bool_)
    hole[60:200, 140:180] = True
    hidden = np.where(hole[..., None], np.uint8(40), fixed)
    places = laid_upon(moved, hidden, ~hole)
    assert places is not None
    laid = cv2.remap(moved, places, None, cv2.INTER_CUBIC)
    below = hole.copy()
    below[:130] = False
    before, after = (np.abs(p[below].astype(float) - fixed[below]).mean() for p in (moved, laid))
    assert after < 0.4 * before
    above = hole.copy()
    above[110:] = False
    assert np.abs(laid[above].astype(float) - fixed[above]).mean() < 0.2 * before


def test_what_lies_right_already_or_is_nowhere_seen_is_left_alone() -> None:
    picture = two_planes(0.0)
    everywhere = np.ones((240, 320), np.bool_)
    assert laid_upon(picture, picture, everywhere) is None
    assert laid_upon(picture, two_planes(4.0), ~everywhere) is None
