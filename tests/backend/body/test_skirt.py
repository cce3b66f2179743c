"""A skirt: found where one is worn, and drawn in one piece where the legs go apart."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.body import kept_widths
from mf_backend.body.person import PersonModel, model_person
from mf_backend.body.skirt import Skirt, lay
from mf_backend.body.surfaces.names import SKIRT, SURFACES, TRUNK
from mf_backend.body.whole_skeleton import complete
from mf_backend.engines.preview.order import drawing_order
from mf_backend.jobs.analysis.findings import DiskFindings
from tests.backend.engines.preview.figure import conditions, drawn, render
from tests.backend.memory_clip import Frames

SIZE, COUNT = (240, 220), 4
UNIT = SIZE[1] / 10
HEM = 0.8
CLOTH, SKIN = (40, 200, 60), (40, 40, 160)


def standing(apart: float) -> NDArray[np.float64]:
    """Joints [COUNT, 60, 2] of somebody whose knees are twice `apart` from each other."""
    joints = drawn(COUNT, SIZE)[2]
    for hip, knee, ankle, side in ((8, 9, 10, -1), (11, 12, 13, 1)):
        joints[:, knee] = joints[:, hip] + ((apart - 0.5) * side * UNIT, 1.8 * UNIT)
        joints[:, ankle] = joints[:, knee] + ((apart - 0.5) * side * UNIT, 1.7 * UNIT)
    return joints


def dressed(joints: NDArray[np.float64], skirt: bool) -> tuple[Frames, list[NDArray[np.uint8]]]:
    """The figure in that pose, in a green skirt or in blue trousers."""
    plain, masks, before = drawn(COUNT, SIZE)
    pictures = []
    for i in range(COUNT):
        picture, mask = np.full_like(plain.read(i), 120), masks[i]
        mask[int(before[i, 8, 1]) :] = 0
        picture[mask > 0] = plain.read(i)[mask > 0]
        for a, b in ((8, 9), (9, 10), (11, 12), (12, 13)):
            p, q = (tuple(int(v) for v in joints[i, k]) for k in (a, b))
            cv2.line(picture, p, q, SKIN, int(0.7 * UNIT))
            cv2.line(mask, p, q, 255, int(0.7 * UNIT))
        if skirt:
            hips, knees = joints[i, [8, 11]], joints[i, [9, 12]]
            out = np.array([(-0.4 * UNIT, 0), (0.4 * UNIT, 0)])
            low = hips + HEM * (knees - hips)
            cloth = np.concatenate([hips + out, (low + out)[::-1]]).astype(np.int32)
            cv2.fillConvexPoly(picture, cloth, CLOTH)
            cv2.fillConvexPoly(mask, cloth, 255)
        pictures.append(picture)
    return Frames(pictures), masks


@pytest.mark.parametrize("worn", [True, False])
def test_a_skirt_is_found_where_one_is_worn_and_kept(
    odd_path: Path, worn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    joints = standing(0.95)
    _, masks = dressed(joints, worn)
    findings = DiskFindings(odd_path, 0)

    def found() -> PersonModel | None:
        return model_person(joints, joints, masks.__getitem__, SIZE, findings=findings)

    model = found()
    assert model is not None
    skirt = model.widths.skirt
    assert (skirt is not None) == worn
    assert skirt is None or skirt.hem == pytest.approx(HEM, abs=0.11)
    monkeypatch.setattr(kept_widths, "measure_widths", None)
    again = found()
    assert again is not None and (again.widths.skirt is not None) == worn
    if skirt is not None and again.widths.skirt is not None:
        assert again.widths.skirt.hem == skirt.hem
        assert np.array_equal(again.widths.skirt.half, skirt.half)


def test_nobody_who_stands_with_closed_legs_is_taken_to_wear_one() -> None:
    joints = standing(0.35)
    _, masks = dressed(joints, skirt=True)
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None and model.widths.skirt is None


@pytest.mark.parametrize("worn", [True, False])
def test_cloth_spans_legs_that_go_apart_and_trousers_do_not(odd_path: Path, worn: bool) -> None:
    joints, target = standing(0.95), standing(1.5)
    clip, masks = dressed(joints, worn)
    made = conditions(odd_path / "c", joints, target, masks)
    result = render(clip, made, odd_path / "w", [1])[1]

    def between(share: float) -> NDArray[np.int_]:
        right, left = (target[1, a] + share * (target[1, b] - target[1, a])
                       for a, b in ((8, 9), (11, 12)))  # fmt: skip
        x, y = ((right + left) / 2).astype(int)
        found: NDArray[np.int_] = result[y, x].astype(int)
        return found

    near_hem = between(HEM - 0.15)
    assert (np.abs(near_hem - CLOTH).max() < 30) == worn
    assert np.abs(between(HEM + 0.35) - 120).max() < 12, "background shows below the hem"


def test_places_on_cloth_are_where_they_came_from() -> None:
    points = complete(standing(0.9)).points[0]
    points[12] += (12, -14)
    levels = lay(points, Skirt(1.2, np.full(46, 0.5 * UNIT)))
    x, y = np.meshgrid(np.arange(90, 150, 3, np.float32), np.arange(118, 170, 3, np.float32))
    share, side = levels.places(x, y)
    on = (np.abs(side) < 1.2) & (share > 0) & (share < 1.2)
    assert on.sum() > 50
    away = levels.spots(share, side) - np.stack([x, y], -1)
    assert np.abs(away[on]).max() < 1.5


def test_it_lies_over_both_legs() -> None:
    joints = standing(0.95)
    model = model_person(joints, joints, dressed(joints, True)[1].__getitem__, SIZE)
    assert model is not None
    order = drawing_order(model.target.points[0], model.target_widths)
    assert set(order) == {*SURFACES, SKIRT}
    assert order.index(SKIRT) == 2 and order.index(TRUNK) == 3
