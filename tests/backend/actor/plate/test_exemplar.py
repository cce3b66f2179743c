"""Structure goes on into what was never seen."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mf_backend.actor.plate.exemplar import exemplar_fill
from mf_backend.actor.plate.fill import fill, inpaint
from tests.backend.memory_clip import Picture


def street() -> Picture:
    """A front with rows of windows above a floor."""
    picture = np.full((160, 220, 3), (190, 185, 180), np.uint8)
    for y in range(12, 110, 26):
        for x in range(8, 220, 22):
            cv2.rectangle(picture, (x, y), (x + 11, y + 15), (70, 80, 110), -1)
    picture[122:] = (105, 108, 112)
    grain = np.random.default_rng(3).normal(0, 2, picture.shape)
    return np.asarray(np.clip(picture + grain, 0, 255), np.uint8)


@pytest.fixture(scope="module")
def hole() -> np.ndarray:
    mask = np.zeros((160, 220), np.uint8)
    cv2.ellipse(mask, (110, 84), (20, 56), 0, 0, 360, 255, -1)
    return np.asarray(mask > 0)


def distance(picture: Picture, where: np.ndarray) -> float:
    """Root of the mean squared error against the street."""
    return float(np.sqrt(((picture[where].astype(float) - street()[where]) ** 2).mean()))


def test_windows_and_the_floors_edge_go_on(hole: np.ndarray) -> None:
    picture = street()
    picture[hole] = (255, 0, 0)
    made_up = fill(picture, hole, hole)
    np.testing.assert_array_equal(made_up[~hole], picture[~hole])
    np.testing.assert_array_equal(made_up, fill(picture, hole, hole))
    smooth = distance(inpaint(picture, hole), hole)
    assert distance(made_up, hole) < 0.75 * smooth
    # The floor's edge is in its place in the middle of the hole.
    column = made_up[:, 108:113].astype(float).mean((1, 2))
    assert column[112:120].mean() > 160 and column[125:136].mean() < 125


def test_nothing_is_taken_from_what_is_to_be_avoided(hole: np.ndarray) -> None:
    picture = street()
    avoid = np.zeros_like(hole)
    avoid[:, 150:180] = True
    picture[avoid] = (0, 255, 0)
    picture[hole] = (255, 0, 0)
    made_up = fill(picture, hole, avoid)
    red_or_green = (made_up[hole].max(1) > 220) & (made_up[hole].min(1) < 40)
    assert not red_or_green.any()


def test_too_little_around_is_left_to_the_colours() -> None:
    picture = np.full((24, 24, 3), 90, np.uint8)
    all_but_a_rim = np.ones((24, 24), bool)
    all_but_a_rim[:2] = all_but_a_rim[:, :2] = False
    assert exemplar_fill(picture, all_but_a_rim, all_but_a_rim) is None
    painted = fill(picture, all_but_a_rim, all_but_a_rim)
    assert np.abs(painted.astype(int) - 90).max() < 6
