"""The benchmark's figures against known answers and another library's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from benchmarks.truth.scoring.conditions import mean_overlap, score_joints
from benchmarks.truth.scoring.drift import Drift
from benchmarks.truth.scoring.flicker import Flicker
from benchmarks.truth.scoring.pictures import PictureScorer, moved, over
from benchmarks.truth.scoring.regions import Region, TrueFrame, TrueFrames, find_regions
from benchmarks.truth.scoring.seen import SeenBackground
from benchmarks.truth.shot_folder import Take, read_shot
from tests.quality.truth.tiny_shot import write_tiny_shot

SIDE = 64


def square(left: int, top: int, side: int) -> NDArray[np.uint8]:
    """A matte with a white square."""
    matte = np.zeros((SIDE, SIDE), np.uint8)
    matte[top : top + side, left : left + side] = 255
    return matte


def frame(seed: int = 0) -> TrueFrame:
    """A random frame whose actor moved 10 pixels to the right."""
    picture = np.random.default_rng(seed).integers(20, 200, (SIDE, SIDE, 3), np.uint8)
    matte, before = square(20, 20, 20), square(10, 20, 20)
    regions = find_regions(matte, before, (picture, picture), picture, np.ones((SIDE, SIDE), bool))
    return TrueFrame(picture, picture, picture, matte, before, regions)


def test_regions_share_the_picture_out() -> None:
    seen = np.zeros((SIDE, SIDE), bool)
    seen[:30] = True
    plate = np.full((SIDE, SIDE, 3), 120, np.uint8)
    take = plate.copy()
    take[50:60, 20:60] = 90  # a shadow
    regions = find_regions(square(20, 20, 20), square(10, 20, 20), (plate, take), plate, seen)
    sizes = {str(region): int(where.sum()) for region, where in regions.items()}
    assert sizes["whole"] == SIDE * SIDE
    assert (sizes["union"], sizes["actor"], sizes["vacated"]) == (600, 400, 200)
    assert (sizes["seen"], sizes["never_seen"]) == (100, 100)
    assert sizes["inside"] < 400 and sizes["inside"] + sizes["outline"] > 400
    assert 400 <= sizes["shadow"] <= 44 * 14
    assert not (regions[Region.SHADOW] & regions[Region.OUTSIDE]).any()
    assert Region.NEVER_SEEN not in find_regions(
        square(20, 20, 20), square(10, 20, 20), (plate, take), plate, np.ones_like(seen)
    )


def test_pictures_agree_with_another_library() -> None:
    truth = frame()
    noise = np.random.default_rng(1).integers(-20, 20, truth.picture.shape)
    result = np.clip(truth.picture + noise, 0, 255).astype(np.uint8)
    scorer = PictureScorer(1, networks=False)
    scorer.add(result, truth)
    told = scorer.scores()
    theirs = peak_signal_noise_ratio(truth.picture, result, data_range=255)
    assert told.means["psnr"]["whole"] == pytest.approx(theirs, abs=1e-3)
    _, full = structural_similarity(
        truth.picture, result, channel_axis=2, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, data_range=255, full=True,
    )  # fmt: skip
    for region in (Region.UNION, Region.VACATED):
        where = truth.regions[region]
        mine = told.means["ssim"][region]
        assert mine == pytest.approx(full[where].mean(), abs=1e-3)
        square_error = ((result.astype(float) - truth.picture)[where] ** 2).mean()
        decibels = 10 * np.log10(255**2 / square_error)
        assert told.means["psnr"][region] == pytest.approx(decibels, abs=1e-3)


def test_flicker_sees_what_jumps_and_nothing_else() -> None:
    first, second = frame(0), frame(1)
    still = Flicker()
    jumping = Flicker()
    for index, truth in enumerate((first, second, first)):
        still.add(truth.picture + np.uint8(9), truth)
        jumping.add(truth.picture + np.uint8(9 * (index % 2)), truth)
    assert still.means()["union"] == 0
    assert jumping.means()["union"] == pytest.approx(9)


def test_drift_of_colour_and_sharpness() -> None:
    drift = Drift(4)
    truth = frame()
    soft = cv2.GaussianBlur(truth.picture, (0, 0), 1.5)
    for result in (truth.picture, truth.picture, truth.picture, soft + np.uint8(12)):
        drift.add(result, truth)
    told = drift.figures()
    assert told["colour"] == pytest.approx(12, abs=2)
    assert told["sharpness"] < 0.6
    steady = Drift(4)
    for _ in range(4):
        steady.add(soft, truth)
    assert steady.figures() == pytest.approx({"colour": 0, "sharpness": 1})


def test_joints_far_near_and_absent() -> None:
    random = np.random.default_rng(2)
    true = np.full((3, 60, 2), np.nan, np.float32)
    true[:, :18] = random.uniform(50, 200, (3, 18, 2))
    middle = true[:, :18].mean(axis=1, keepdims=True)
    found = true.copy()
    found[:, :18] = (true[:, :18] - middle) * 1.1 + middle + (3, -4)
    told = score_joints(found, true, (256, 256))
    assert told["scale"] == pytest.approx(1.1, rel=1e-3)
    assert told["scale_error"] == pytest.approx(0.1, rel=1e-2)
    assert (told["aside"], told["below"]) == pytest.approx((6, -8), abs=1e-3)
    shifted = true + np.float32([3, -4])
    assert score_joints(shifted, true, (256, 256))["error"] == pytest.approx(10, abs=1e-3)
    shifted[:, 9] = np.nan
    absent = score_joints(shifted, true, (256, 256))
    assert absent["pck"] == pytest.approx(17 / 18) and absent["error"] == pytest.approx(
        10, abs=1e-3
    )


def test_overlap_leaves_out_empty_frames() -> None:
    masks = [square(0, 0, 20), square(0, 0, 0)]
    others = [square(10, 0, 20), square(0, 0, 0)]
    assert mean_overlap(2, masks.__getitem__, others.__getitem__) == pytest.approx(1 / 3)
    assert mean_overlap(1, lambda i: masks[1], lambda i: others[1]) is None


def test_moved_and_laid_over() -> None:
    picture = frame().picture
    shifted = moved(picture, 2)
    assert (shifted[:, 2:] == picture[:, :-2]).all() and (shifted[:, :3] == picture[:, :1]).all()
    matte = np.full((SIDE, SIDE), 255, np.uint8)
    assert (over(picture, shifted, matte) == picture).all()
    assert (over(picture, shifted, 0 * matte) == shifted).all()


def test_background_that_a_moving_camera_shows_counts_as_seen(tmp_path: Path) -> None:
    """A wall that the camera passes 8 pixels a frame: what the actor hides is seen later."""
    folder = write_tiny_shot(tmp_path)
    shot = read_shot(folder)
    wall = np.random.default_rng(3).integers(0, 255, (44, 60, 3), np.uint8)
    wide = cv2.resize(wall, (240, 176), interpolation=cv2.INTER_CUBIC)
    narrow = np.zeros((176, 144), np.uint8)
    narrow[40:160, 60:84] = 255
    for index in range(shot.count):
        view = np.ascontiguousarray(wide[:, 8 * index : 8 * index + 144])
        number = f"{index + 1:06d}.png"
        cv2.imwrite(str(folder / "plate" / number), view)
        cv2.imwrite(str(folder / Take.SOURCE / "alpha" / number), narrow)
    shown = SeenBackground(read_shot(folder)).on_frame(0)
    # He is 24 wide and 3 pixels of his edge count as him: after 4 frames all of it was seen.
    assert shown[60:140, 62:82].mean() > 0.98
    for index in range(1, shot.count):
        (folder / "plate" / f"{index + 1:06d}.png").unlink()
    still = SeenBackground(read_shot(folder)).on_frame(0)
    assert not still[60:140, 62:82].any()


def test_regions_are_the_same_when_read_again(tmp_path: Path) -> None:
    truths = TrueFrames(read_shot(write_tiny_shot(tmp_path)))
    first, again = truths.read(2), truths.read(2)
    assert first.regions.keys() == again.regions.keys()
    assert all((first.regions[r] == again.regions[r]).all() for r in first.regions)
    empty = replace(first, regions={Region.WHOLE: first.regions[Region.WHOLE]})
    scorer = PictureScorer(1)
    scorer.add(first.picture, empty)
    told = scorer.scores()
    assert told.frames["psnr"] == [None] and told.means["psnr"] == {"whole": 100.0}
