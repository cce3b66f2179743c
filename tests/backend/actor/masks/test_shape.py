"""Checks of masks and keeping one person's part of a matte."""

from __future__ import annotations

import numpy as np
import pytest

from mf_backend.actor.masks.shape import (
    Verdict,
    check_mask,
    keep_person,
    outline,
    soften,
    widen,
)

from ..joints.test_repair import walking

SIZE = (640, 480)


def joints(shift: float = 0.0) -> np.ndarray:
    full = np.full((60, 2), np.nan)
    full[:18] = walking(1)[0] + np.array([shift, 0.0])
    return full


def test_a_persons_own_outline_is_good() -> None:
    assert check_mask(outline(joints(), SIZE) > 127, joints()).verdict is Verdict.GOOD


def test_inverted() -> None:
    assert check_mask(outline(joints(), SIZE) < 128, joints()).verdict is Verdict.INVERTED


def test_somebody_else() -> None:
    assert check_mask(outline(joints(250), SIZE) > 127, joints()).verdict is Verdict.ELSEWHERE


def test_empty_and_all() -> None:
    assert check_mask(np.zeros((480, 640), bool), joints()).verdict is Verdict.EMPTY
    assert check_mask(np.ones((480, 640), bool), joints()).verdict is Verdict.AREA


def test_small_area() -> None:
    speck = np.zeros((480, 640), bool)
    speck[90:232, 196:204] = True
    assert check_mask(speck, joints()).verdict in (Verdict.AREA, Verdict.ELSEWHERE)


def test_small_person_in_a_wide_shot_is_good() -> None:
    tiny = joints() * 0.2
    assert check_mask(outline(tiny, SIZE) > 127, tiny).verdict is Verdict.GOOD


def test_cut_off_person_is_judged_by_what_is_seen() -> None:
    cut = joints(-220)
    cut[cut[:, 0] < 0] = np.nan
    assert check_mask(outline(cut, SIZE) > 127, cut).verdict is Verdict.GOOD


@pytest.mark.parametrize("shift", [150.0, 75.0])
def test_other_people_are_left_out(shift: float) -> None:
    """Apart, and arm to arm in one piece."""
    own, other = outline(joints(), SIZE), outline(joints(shift), SIZE)
    both = np.maximum(own, other)
    kept = keep_person(both, joints(), joints(shift)[None, :18]) > 127
    only_own, only_other = own > 127, (other > 127) & (own < 128)
    assert (kept & only_own).sum() > 0.97 * (only_own & (other < 128)).sum()
    assert (kept & only_other).sum() < 0.05 * only_other.sum()


def test_other_things_are_left_out_and_the_person_untouched() -> None:
    own = outline(joints(), SIZE)
    with_ball = own.copy()
    with_ball[20:80, 500:560] = 255
    kept = keep_person(with_ball, joints(), np.empty((0, 18, 2)))
    assert not kept[:100, 480:].any()
    assert np.abs(kept[:, :450].astype(int) - own[:, :450]).max() <= 1
    assert np.array_equal(keep_person(own, joints(), np.empty((0, 18, 2))), own)


def test_no_joints_no_mask() -> None:
    nobody = np.full((60, 2), np.nan)
    assert not keep_person(outline(joints(), SIZE), nobody, np.empty((0, 18, 2))).any()


def test_soft_masks_stay_as_given() -> None:
    soft = outline(joints(), SIZE)
    assert np.array_equal(soften(soft), soft) or np.isin(soft, (0, 255)).mean() >= 0.995
    hard = ((soft > 127) * 255).astype(np.uint8)
    edge = soften(hard)
    assert ((edge > 0) & (edge < 255)).any()
    assert np.array_equal(edge > 127, hard > 127)


def test_widening_keeps_its_proportion_to_the_picture() -> None:
    small, large = np.zeros((512, 512), bool), np.zeros((1024, 1024), bool)
    small[200:300, 200:300] = True
    large[400:600, 400:600] = True
    assert widen(small, 2).sum(axis=0).max() == 104
    assert widen(large, 2).sum(axis=0).max() == 208
    assert np.array_equal(widen(small, 0), small)
