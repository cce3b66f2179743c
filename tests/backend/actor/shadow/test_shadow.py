"""The shadow of a figure in space: found, measured, and cast from another pose."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.actor.plate.background import Light, build_plate
from mf_backend.actor.shadow.contour import Outlined, fit_outline, outlined
from mf_backend.actor.shadow.edge import cast_alike, seen_coverage
from mf_backend.actor.shadow.find import darkening, find_shadow, shadow_like
from mf_backend.actor.shadow.fit import Sample, always_dark, fit_shadow
from mf_backend.actor.shadow.model import NO_SHADOW, Onto, ShadowModel, Throw, floor_lines
from mf_backend.contracts.progress import NullReporter
from tests.backend.lit_figure import Lamp, Shot, film, pose, walk
from tests.backend.memory_clip import Frames

COUNT = 10


def lowest(matte: NDArray[np.uint8]) -> float:
    """The row of the feet."""
    return float(np.flatnonzero(matte.max(1) > 128)[-1])


def found(shot: Shot) -> list[tuple[Sample, NDArray[np.float32]]]:
    """What is measured on, and the shadow found, of every other frame."""
    plate = build_plate(
        Frames(shot.frames), lambda i: shot.mattes[i], NullReporter(), Light.BRIGHTER
    )
    out = []
    for i in range(0, COUNT, 2):
        hidden = cv2.dilate(shot.mattes[i], np.ones((7, 7), np.uint8)) > 24
        lit = plate.lit(i, shot.frames[i], hidden)
        dark = darkening(shot.frames[i], lit, ~hidden & ~plate.painted(i))
        shadow = find_shadow(dark, shot.mattes[i], plate.report.steady, None)
        silhouette = shot.mattes[i].astype(np.float32) / 255
        shares = shadow_like(dark, plate.report.steady)
        sample = Sample(silhouette, lowest(shot.mattes[i]), shares, (~hidden).astype(np.float32))
        out.append((sample, shadow))
    return out


def seen_outlines(shot: Shot) -> list[Outlined]:
    """Every other frame as its shadow's outline is looked for on."""
    out = []
    for i in range(0, COUNT, 2):
        shown = (cv2.dilate(shot.mattes[i], np.ones((7, 7), np.uint8)) < 24).astype(np.float32)
        silhouette = shot.mattes[i].astype(np.float32) / 255
        out.append(outlined(shot.frames[i], silhouette, lowest(shot.mattes[i]), shown))
    return out


def psnr(picture: NDArray[np.float64], truth: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    return float(10 * np.log10(255**2 / ((picture[where] - truth[where]) ** 2).mean()))


@pytest.mark.parametrize(
    "lamp",
    [Lamp(), Lamp((-0.6, -1.0, 0.5), 0.5, 2.0), Lamp((0.1, -1.0, -0.8), 0.3, 3.0)],
    ids=["right", "behind", "front"],
)
def test_a_shadow_is_found_and_cast_from_another_pose(lamp: Lamp) -> None:
    shot = film(walk(COUNT), lamp)
    samples = found(shot)
    for (_, shadow), i in zip(samples, range(0, COUNT, 2), strict=True):
        seen = shot.shades[i] > 0.12
        seen &= cv2.dilate(shot.mattes[i], np.ones((9, 9), np.uint8)) < 24
        assert (shadow[seen] > 0.5).mean() > 0.85
        assert (shadow > 0.5).sum() < 3.5 * (shot.shades[i] > 0.05).sum()
    model = fit_shadow([sample for sample, _ in samples], steady=True)
    assert model.throws and model.throws[0].onto is Onto.FLOOR
    other = film([pose(0.8 - 0.1 * i, 0.2, 0.1, 1.0) for i in range(3)], lamp)
    for i in range(3):
        dark = model.darkness(other.mattes[i].astype(np.float32) / 255, lowest(other.mattes[i]))
        cast = other.plate * (1 - dark)
        where = (other.shades[i] > 0.03) & (other.mattes[i] < 10)
        without = psnr(other.plate.astype(float), other.frames[i], where)
        assert psnr(cast, other.frames[i], where) > without + 5
        # And it falls nowhere else.
        assert dark.mean(axis=2)[other.shades[i] < 0.01].mean() < 0.01


def test_a_shadow_that_lies_there_most_of_the_time_is_seen_by_the_frames_without() -> None:
    still = [pose(-0.2 + 0.01 * i, 0, 0.1, 0.3) for i in range(7)]
    shot = film([*still, *(pose(0.9, 0, 0.1, 0.3) for _ in range(3))], Lamp())
    shadow = found(shot)[0][1]
    seen = shot.shades[0] > 0.15
    seen &= cv2.dilate(shot.mattes[0], np.ones((9, 9), np.uint8)) < 24
    assert (shadow[seen] > 0.5).mean() > 0.8


def test_without_a_shadow_none_is_found_or_cast() -> None:
    samples = found(film(walk(COUNT), None))
    assert all((shadow > 0.5).mean() < 0.002 for _, shadow in samples)
    empty = [Sample(s.silhouette, s.feet, s.dark * 0, s.shown) for s, _ in samples]
    assert fit_shadow(empty, steady=True) == NO_SHADOW
    dark = NO_SHADOW.darkness(empty[0].silhouette, empty[0].feet)
    assert dark.shape == (180, 240, 3) and not dark.any()


@pytest.mark.parametrize("wall", [4.0, 0.7], ids=["floor", "wall"])
def test_a_shadow_that_hardly_moves_is_told_by_its_outline(wall: float) -> None:
    """No frame is darker than the plate: the temporal evidence says nothing of it."""
    lamp = Lamp((-1.0, -1.0, 0.6), 0.5, 2.0, wall)
    shot = film([pose(0.1, 0, 0.1, 0.2 * (i % 3)) for i in range(COUNT)], lamp)
    model = fit_outline(seen_outlines(shot))
    assert model.throws and 0.3 < np.mean(model.strengths[0]) < 0.75
    assert bool(model.throws[0].fold) == (wall < 1)
    other = film([pose(0.2, 0.1, 0.15, 1.0)], lamp)
    dark = model.darkness(other.mattes[0].astype(np.float32) / 255, lowest(other.mattes[0]))
    where = (other.shades[0] > 0.03) & (other.mattes[0] < 10)
    without = psnr(other.plate.astype(float), other.frames[0], where)
    assert psnr(other.plate * (1 - dark), other.frames[0], where) > without + 4
    assert dark.mean(axis=2)[other.shades[0] < 0.01].mean() < 0.01


def test_without_a_shadow_no_outline_is_found() -> None:
    assert fit_outline(seen_outlines(film(walk(COUNT), None))) == NO_SHADOW
    assert fit_outline([]) == NO_SHADOW


def test_the_picture_tells_where_a_shadow_ends_that_its_model_puts_aside() -> None:
    lamp = Lamp((-0.6, -1.0, 0.5), 0.5, 2.0)
    shot = film([pose(-0.2, 0, 0.1, 0.2)], lamp)
    truth = shot.shades[0] / lamp.darkness
    model = np.roll(truth, 5, axis=1)
    free = cv2.dilate(shot.mattes[0], np.ones((7, 7), np.uint8)) < 24
    strength = (lamp.darkness, 0.97 * lamp.darkness, 0.92 * lamp.darkness)
    seen = seen_coverage(shot.frames[0], model, strength, free)
    about = free & ((truth > 0.02) | (model > 0.02))
    wrong, left = (np.abs(told - truth)[about].mean() for told in (model, seen))
    assert left < 0.6 * wrong
    np.testing.assert_allclose(cast_alike(model, model, seen), seen, atol=1e-6)
    np.testing.assert_array_equal(cast_alike(np.zeros_like(model), model, seen)[model == 1], 0)


def test_the_edge_of_a_floor_shadow_is_softer_the_farther_it_falls() -> None:
    figure = np.zeros((180, 240), np.float32)
    figure[40:150, 110:130] = 1
    fallen = Throw(Onto.FLOOR, -1.0, 0.1).fallen(figure, 149, 0.012)
    hard = Throw(Onto.FLOOR, -1.0, 0.1).cast(figure, 149)
    edge = np.abs(cv2.Sobel(fallen, cv2.CV_32F, 1, 0))
    near, far = (edge[:, part].max() for part in (slice(100, 120), slice(14, 40)))
    assert near > 1.8 * far > 0
    assert fallen.sum() == pytest.approx(hard.sum(), rel=0.1)


def test_what_no_frame_tells_of_the_way_is_not_cast() -> None:
    figure = np.zeros((180, 240), np.float32)
    figure[40:150, 110:130] = 1
    some = (0.4, 0.4, 0.4)
    throw = Throw(Onto.FLOOR, -1.0, 0.1)
    whole = ShadowModel((throw,), (some,), (0.004,), (0, 0, 0), some)
    cut = ShadowModel((throw,), (some,), (0.004,), (0, 0, 0), some, reach=0.2)
    near, far = np.s_[:, 90:120], np.s_[:, :50]
    dark = cut.darkness(figure, 149)
    np.testing.assert_allclose(dark[near], whole.darkness(figure, 149)[near], atol=0.1)
    assert not dark[far].any() and whole.darkness(figure, 149)[far].max() > 0.2


def test_a_lifted_foot_leaves_the_floor_where_it_was() -> None:
    rows = np.array([100, 101, 90, 85, 90, 102, 103, np.nan, 104.0])
    lines = floor_lines(rows)
    assert np.isnan(lines[7])
    assert (lines[2:5] > 98).all() and (lines[[0, 1, 5, 6, 8]] > 99).all()


def test_a_shadow_that_never_leaves_is_not_cast_twice() -> None:
    """Somebody who hardly moves: the plate is dark under him, and stays so."""
    shot = film([pose(-0.2, 0, 0.1, 0.2 * (i % 3)) for i in range(COUNT)], Lamp())
    model = fit_shadow([sample for sample, _ in found(film(walk(COUNT), Lamp()))], steady=True)
    frames = [
        (m.astype(np.float32) / 255, lowest(m), np.zeros((180, 240, 3), np.float32), m < 24)
        for m in shot.mattes
    ]
    base = always_dark(model, frames)
    dark = model.darkness(frames[0][0], frames[0][1])
    again = 1 - (1 - dark) / (1 - base)
    legs = (shot.shades[0] > 0.2) & (shot.mattes[0] < 24)
    assert dark[legs].mean() > 0.25
    assert abs(float(again[legs].mean())) < 0.05
