"""What the predicted target mask must hold, whatever comes; tests/quality has it on the reference
cases."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.body.limb_widths import measure_widths
from mf_backend.body.outline import draw_body
from mf_backend.body.whole_skeleton import complete
from mf_backend.retarget.target_mask import predict_target_masks

Mask = NDArray[np.uint8]


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two masks."""
    p, q = a >= 128, b >= 128
    return float((p & q).sum() / max(1, (p | q).sum()))


def stick(frames: int, swing: float) -> NDArray[np.float64]:
    """A standing figure of 200 pixels whose arms swing out to the sides."""
    still = {
        0: (0, -150), 1: (0, -120), 2: (-22, -120), 5: (22, -120), 8: (-14, -45), 9: (-16, 10),
        10: (-16, 65), 11: (14, -45), 12: (16, 10), 13: (16, 65), 14: (-5, -155), 15: (5, -155),
        16: (-10, -150), 17: (10, -150),
    }  # fmt: skip
    joints = np.full((frames, 60, 2), np.nan)
    for k, place in still.items():
        joints[:, k] = np.add(place, (160, 190))
    for i in range(frames):
        angle = 0.3 + swing * i / max(1, frames - 1)
        for side, (shoulder, elbow, wrist) in ((-1, (2, 3, 4)), (1, (5, 6, 7))):
            step = np.array([side * np.sin(angle), np.cos(angle)]) * 40
            joints[i, elbow] = joints[i, shoulder] + step
            joints[i, wrist] = joints[i, elbow] + step
    return joints


SMALL = (320, 300)


def outline(joints: NDArray[np.float64]) -> Mask:
    """A mask of such a figure with known widths."""
    mask = np.zeros(SMALL[::-1], np.uint8)
    places = {k: tuple(int(v) for v in joints[k]) for k in range(18) if np.isfinite(joints[k, 0])}
    for a, b, width in ((2, 3, 16), (3, 4, 12), (5, 6, 16), (6, 7, 12), (8, 9, 26), (9, 10, 18),
                        (11, 12, 26), (12, 13, 18)):  # fmt: skip
        cv2.line(mask, places[a], places[b], 255, width)
    cv2.fillPoly(mask, [np.array([places[k] for k in (2, 5, 11, 8)])], 255)
    cv2.line(mask, places[1], places[8], 255, 40)
    cv2.line(mask, places[1], places[11], 255, 40)
    cv2.circle(mask, places[0], 24, 255, -1)
    return mask


def test_widths_are_those_of_the_figure() -> None:
    joints = stick(6, 0.9)
    masks = [outline(j) for j in joints]
    widths = measure_widths(complete(joints, SMALL), masks.__getitem__, range(6))
    assert widths.half["forearm"].mean() == pytest.approx(6, abs=1.5)
    assert widths.half["upper_arm"][1:4].mean() == pytest.approx(8, abs=1.5)
    assert widths.half["shin"][1:4].mean() == pytest.approx(9, abs=1.5)
    assert np.median(widths.head) == pytest.approx(24, abs=3)
    drawn = draw_body(complete(joints).points[3], widths, SMALL)
    assert iou(drawn, masks[3]) > 0.8


def test_masks_cover_the_skeleton_and_soft_ones_stay_inside() -> None:
    source, target = stick(8, 0.4), stick(8, 2.1)
    masks = [outline(j) for j in source]
    pairs = list(predict_target_masks(source, target, masks.__getitem__, SMALL))
    assert len(pairs) == 8
    for i, (hard, soft) in enumerate(pairs):
        assert hard.shape == soft.shape == SMALL[::-1]
        assert set(np.unique(hard)) <= {0, 255}
        assert (soft[hard == 0] == 0).all()
        for k in (*range(2, 14), 0, 1):
            x, y = np.rint(target[i, k]).astype(int)
            assert hard[y, x] == 255
        assert iou(hard, outline(target[i])) > 0.75


def test_a_given_mask_moves_with_its_skeleton() -> None:
    source = stick(4, 0.4)
    masks = [outline(j) for j in source]
    raw = source * 0.5 + (90, 40)
    hat = np.zeros(SMALL[::-1], np.uint8)
    x, y = np.rint(raw[0, 0]).astype(int)
    hat[y - 30 : y + 30, x - 12 : x + 12] = 255
    plain = [h for h, _ in predict_target_masks(source, source, masks.__getitem__, SMALL)]
    mixed = [
        h for h, _ in predict_target_masks(
            source, source, masks.__getitem__, SMALL, lambda _: hat, raw
        )
    ]  # fmt: skip
    # The mask belongs to a figure of half the size, so its hat arrives twice as large.
    around = np.zeros(SMALL[::-1], bool)
    x, y = np.rint(source[0, 0]).astype(int)
    around[max(0, y - 60) : y + 60, x - 24 : x + 24] = True
    assert (mixed[0][around] > 0).sum() > (plain[0][around] > 0).sum()
    assert (mixed[0][~around] > 0).sum() < (plain[0][~around] > 0).sum()


@pytest.mark.parametrize("size", [(641, 479), (1920, 1080)])
def test_other_sizes_come_out_exactly(size: tuple[int, int]) -> None:
    factor = size[1] / SMALL[1]
    source, target = (stick(2, s) * factor for s in (0.4, 1.8))
    masks = [cv2.resize(outline(j / factor), size, interpolation=cv2.INTER_NEAREST) for j in source]
    for hard, soft in predict_target_masks(source, target, masks.__getitem__, size):
        assert hard.shape == soft.shape == (size[1], size[0])
        assert hard.any()


def test_frames_without_masks_or_people_still_give_masks() -> None:
    source, target = stick(3, 0.4), stick(3, 1.8)
    empty = np.zeros(SMALL[::-1], np.uint8)
    for hard, _ in predict_target_masks(source, target, lambda _: empty, SMALL):
        assert 0.02 < (hard > 0).mean() < 0.6
    nobody = source.copy()
    nobody[1] = np.nan
    masks = [outline(source[0]), empty, outline(source[2])]
    assert len(list(predict_target_masks(nobody, target, masks.__getitem__, SMALL))) == 3


def test_where_the_rig_is_out_of_sight_the_mask_is_empty() -> None:
    source, target = stick(12, 0.4), stick(12, 1.8)
    masks = [outline(j) for j in source]
    target[2] = np.nan
    target[6:] = np.nan
    hard = [h for h, _ in predict_target_masks(source, target, masks.__getitem__, SMALL)]
    assert [bool(h.any()) for h in hard] == [True] * 6 + [False] * 6
    none = np.full_like(target, np.nan)
    assert not any(h.any() for h, _ in predict_target_masks(source, none, masks.__getitem__, SMALL))
