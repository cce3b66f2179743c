"""Layers that a person draws over masks: roughly, as people do."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.drawn_layers import FrameMasks, with_layers
from mf_backend.actor.mends.mask_layers import MaskRole
from tests.backend.tiny_job import figure_joints, figure_mask

SIZE = (240, 320)
Mask = NDArray[np.uint8]


def drawn(*rings: list[tuple[float, float]]) -> Mask:
    picture = np.zeros(SIZE[::-1], np.uint8)
    for ring in rings:
        cv2.fillPoly(picture, [np.array(ring, np.int32)], 255, cv2.LINE_AA)
    return picture


def box(x: float, y: float, across: float, down: float) -> list[tuple[float, float]]:
    return [(x - across, y - down), (x + across, y - down), (x + across, y + down),
            (x - across, y + down)]  # fmt: skip


def overlap(a: Mask, b: Mask) -> float:
    one, two = a >= 128, b >= 128
    return float((one & two).sum() / (one | two).sum())


def masks(alpha: Mask, front: Mask | None = None) -> FrameMasks:
    none = np.zeros_like(alpha)
    hard = np.where(alpha >= 128, 255, 0).astype(np.uint8)
    return FrameMasks(hard, alpha, none, none if front is None else front)


def test_a_hole_and_a_stray_limb_are_mended() -> None:
    joints = figure_joints(1, SIZE, 0.3)[0]
    truth = figure_mask(joints, SIZE)
    middle = np.nanmean(joints[[2, 5, 8, 11]], axis=0)
    wrong = truth.copy()
    cv2.circle(wrong, tuple(int(v) for v in middle), 14, 0, -1)
    cv2.line(wrong, (20, 20), (52, 100), 255, 16)
    assert overlap(wrong, truth) < 0.9
    add, cut = drawn(box(*middle, 16, 15)), drawn([(4, 6), (30, 4), (66, 108), (44, 114)])
    mended = with_layers(masks(wrong), [(MaskRole.ADD, add), (MaskRole.CUT, cut)], 0.0)
    assert overlap(mended.alpha, truth) >= 0.985
    assert overlap(mended.hard, truth) >= 0.985


def test_what_is_in_front_is_no_longer_the_actor() -> None:
    alpha = drawn(box(120, 160, 40, 100))
    post = drawn(box(120, 160, 10, 140))
    mended = with_layers(masks(alpha), [(MaskRole.FRONT, post)], 2.0)
    inside = post >= 128
    assert not mended.hard[inside].any()
    assert (mended.front[inside] == 255).all() and not mended.front[~inside].any()
    assert int(mended.alpha[inside].max()) < 128
    # Drawn later, an arm before the post is the actor's again.
    arm = drawn(box(120, 100, 30, 8))
    both = with_layers(masks(alpha), [(MaskRole.FRONT, post), (MaskRole.ADD, arm)], 2.0)
    assert (both.hard[arm >= 128] == 255).all() and not both.front[arm >= 128].any()
    assert (both.hard[inside & (both.front > 0)] == 0).all()


def test_a_prop_is_the_hands_and_the_actors() -> None:
    alpha, racket = drawn(box(80, 160, 30, 100)), drawn(box(150, 120, 20, 30))
    found = masks(alpha, front=racket)
    mended = with_layers(found, [(MaskRole.LEFT_HAND, racket)], 2.0)
    inside = racket >= 128
    assert (mended.held[inside] == 255).all() and not mended.held[~inside].any()
    assert (mended.alpha[inside] >= 128).all() and not mended.front[inside].any()
    grown = (mended.hard >= 128) & ~(alpha >= 128)
    assert grown.sum() > inside.sum()
    right = with_layers(found, [(MaskRole.RIGHT_HAND, racket)], 2.0)
    assert set(np.unique(right.held)) == {0, 128}
