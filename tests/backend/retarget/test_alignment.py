"""Alignment of target skeletons to the actor, on real skeletons of the reference cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import Alignment
from mf_backend.retarget.alignment import AlignmentOptions, Anchor, align, similarity_between
from mf_backend.skeleton.joints import LIMBS

SIZE = (512, 512)
OPTIONS = AlignmentOptions(size=SIZE)


def body_joints(shared: Path, case: int, name: str) -> NDArray[np.float64]:
    """[24, 60, 2] with the body joints of a case's own skeleton pictures."""
    joints = np.full((24, 60, 2), np.nan)
    with np.load(shared / "clips" / f"case-{case}" / "reference_body_joints.npz") as data:
        joints[:, :18] = data[name]
    return joints


def whole_actor(frames: int = 24) -> NDArray[np.float64]:
    """An actor seen from head to feet who sways on planted feet and waves."""
    still = {
        0: (0, -150), 1: (0, -120), 2: (-22, -120), 3: (-45, -85), 4: (-55, -45),
        5: (22, -120), 6: (45, -85), 7: (55, -45), 8: (-14, -45), 9: (-16, 10), 10: (-16, 65),
        11: (14, -45), 12: (16, 10), 13: (16, 65), 14: (-5, -155), 15: (5, -155),
        16: (-10, -150), 17: (10, -150),
    }  # fmt: skip
    joints = np.full((frames, 60, 2), np.nan)
    for k, place in still.items():
        joints[:, k] = np.add(place, (250, 300))
    sway = 6 * np.sin(np.linspace(0, 4, frames))
    for k in still:
        share = {10: 0.0, 13: 0.0, 9: 0.5, 12: 0.5}.get(k, 1.0)
        joints[:, k, 0] += share * sway
    joints[:, 4, 1] -= 20 * np.abs(np.sin(np.linspace(0, 6, frames)))
    return joints


def lengthen(joints: NDArray[np.float64], factor: float) -> NDArray[np.float64]:
    """The same motion on a rig whose arms and legs are longer by `factor`, feet kept planted."""
    out = joints.copy()
    for a, b in LIMBS:
        longer = factor if b in (3, 4, 6, 7, 9, 10, 12, 13) else 1.0
        out[:, b] = out[:, a] + longer * (joints[:, b] - joints[:, a])
    ankles = [10, 13]
    sank = joints[:, ankles].mean(1) - out[:, ankles].mean(1)
    return out + np.nan_to_num(sank)[:, None]


def limb_lengths(joints: NDArray[np.floating]) -> NDArray[np.floating]:
    """Median length of each limb over the clip, NaN where it is never seen."""
    medians = []
    for a, b in LIMBS:
        lengths = np.linalg.norm(joints[:, a] - joints[:, b], axis=-1)
        lengths = lengths[np.isfinite(lengths)]
        medians.append(np.median(lengths) if len(lengths) else np.nan)
    return np.array(medians)


@pytest.mark.parametrize("moved", [(0.0, 0.0), (300.0, -80.0)])
def test_fit_gives_a_long_limbed_rig_the_actors_body(moved: tuple[float, float]) -> None:
    actor = whole_actor()
    rig = 2 * lengthen(actor, 1.3) + np.array(moved)
    result = align(rig, actor, Alignment.FIT, OPTIONS)
    assert result.joints.dtype == np.float32
    assert result.report.anchor == "feet"
    lengths, own = limb_lengths(result.joints), limb_lengths(actor)
    np.testing.assert_allclose(lengths[:12], own[:12], rtol=0.03)
    # A face is measured from points so close together that it is believed in part only.
    np.testing.assert_allclose(lengths[12:], own[12:], rtol=0.08)
    height = 220
    off = np.linalg.norm(result.joints[:, [10, 13]] - actor[:, [10, 13]], axis=-1)
    assert off.max() < 0.02 * height


@pytest.mark.parametrize("case", [1, 3, 6])
def test_fit_on_the_cases_keeps_limbs_hips_and_one_scale(shared: Path, case: int) -> None:
    actor = body_joints(shared, case, "source_poses")
    rig = 2 * lengthen(body_joints(shared, case, "target_poses"), 1.3)
    result = align(rig, actor, Alignment.FIT, OPTIONS)
    hips, wanted = (
        np.nanquantile(joints[:, [8, 11]].mean(1), (0.1, 0.9), axis=0).mean(axis=0)
        for joints in (result.joints, actor)
    )
    assert np.linalg.norm(hips - wanted) < 10
    # A limb's ratio to the rig's must be the same on every frame: no scale change, no jitter.
    for a, b in LIMBS:
        before = np.linalg.norm(rig[:, a] - rig[:, b], axis=-1)
        after = np.linalg.norm(result.joints[:, a] - result.joints[:, b], axis=-1)
        ratio = (after / before)[before > 20]
        assert not ratio.size or np.ptp(ratio) < 1e-3
    # Without depth the longest sights of a limb count: others are foreshortened.
    for pair in (((1, 2), (1, 5)), ((1, 8), (1, 11))):
        long = []
        for joints in (result.joints, actor):
            both = [np.linalg.norm(joints[:, a] - joints[:, b], axis=-1) for a, b in pair]
            long.append(np.nanquantile(np.concatenate(both), 0.8))
        assert long[0] / long[1] == pytest.approx(1, abs=0.06)


def test_fit_without_limb_lengths_is_one_similarity() -> None:
    actor = whole_actor()
    rig = 2 * lengthen(actor, 1.3) + 40
    options = AlignmentOptions(size=SIZE, keep_limb_lengths=False, anchor=Anchor.HIPS)
    result = align(rig, actor, Alignment.FIT, options)
    scale = np.linalg.norm(result.joints[:, 3] - result.joints[:, 2], axis=-1)
    scale = scale / np.linalg.norm(rig[:, 3] - rig[:, 2], axis=-1)
    np.testing.assert_allclose(scale, result.report.scale, rtol=1e-4)
    assert result.report.limb_ratios == {}
    moved = result.joints - result.report.scale * rig
    assert np.nanmax(np.ptp(moved.reshape(24, -1)[:, :36].reshape(24, 18, 2), axis=0)) < 0.01


def test_travel_stays_in_proportion() -> None:
    actor = whole_actor()
    rig = 2 * actor.copy()
    rig[..., 0] += np.linspace(0, 200, 24)[:, None]
    result = align(rig, actor, Alignment.FIT, OPTIONS)
    walked = np.diff(result.joints[[0, -1]][:, [10, 13], 0].mean(1))[0]
    assert walked == pytest.approx(100, abs=2)


def test_a_cut_off_shin_takes_the_thighs_ratio() -> None:
    actor = whole_actor()
    seen = actor.copy()
    seen[:, [10, 13], 1] = actor[:, [9, 12], 1] + 12
    result = align(2 * actor, seen, Alignment.FIT, OPTIONS)
    shin = np.linalg.norm(result.joints[:, 10] - result.joints[:, 9], axis=-1)
    np.testing.assert_allclose(shin, np.linalg.norm(actor[:, 10] - actor[:, 9], axis=-1), rtol=0.03)
    assert any("right knee to right ankle" in note for note in result.report.notes)


def test_hands_follow_the_wrists() -> None:
    actor = whole_actor()
    rig = 2 * lengthen(actor, 1.3)
    rig[:, 39:60] = rig[:, 4:5] + np.linspace(0, 30, 21)[:, None]
    result = align(rig, actor, Alignment.FIT, OPTIONS)
    np.testing.assert_allclose(result.joints[:, 39], result.joints[:, 4], atol=1e-3)
    assert np.isfinite(result.joints[:, 39:60]).all()
    assert np.isnan(result.joints[:, 18:39]).all()


def test_a_frame_without_a_neck_makes_no_jump() -> None:
    actor = whole_actor()
    rig = 2 * actor.copy()
    rig[7, 1] = np.nan
    result = align(rig, actor, Alignment.FIT, OPTIONS)
    steps = np.linalg.norm(np.diff(result.joints[:, [10, 13]], axis=0), axis=-1)
    assert steps.max() < 5


def test_matched_leaves_the_joints_alone(shared: Path) -> None:
    rig = body_joints(shared, 1, "target_poses")
    result = align(rig, whole_actor(), Alignment.MATCHED, OPTIONS)
    np.testing.assert_array_equal(result.joints, rig.astype(np.float32))


def test_wrong_input_is_refused_with_a_sentence() -> None:
    actor = whole_actor()
    with pytest.raises(InputError, match="24 frames"):
        align(actor[:5], actor, Alignment.FIT, OPTIONS)
    nobody = np.full_like(actor, np.nan)
    with pytest.raises(InputError, match="cannot be fitted"):
        align(actor, nobody, Alignment.FIT, OPTIONS)
    with pytest.raises(InputError, match="--target-masks"):
        align(actor, actor, Alignment.RELEASED, OPTIONS)
    boxes = np.tile([10.0, 10.0, 100.0, 300.0], (24, 1))
    boxes[3] = np.nan
    with pytest.raises(InputError, match="frame 3"):
        align(
            actor, actor, Alignment.RELEASED,
            AlignmentOptions(size=SIZE, source_boxes=boxes, target_boxes=boxes),
        )  # fmt: skip


def test_released_scales_about_the_boxs_bottom_centre(shared: Path) -> None:
    import cv2

    from mf_backend.retarget.alignment import mask_box

    for case in (1, 3, 6):
        folder = shared / "clips" / f"case-{case}"
        boxes = {
            kind: np.array([
                mask_box(cv2.imread(str(folder / kind / f"frame_{i}.png"), cv2.IMREAD_GRAYSCALE))
                for i in range(24)
            ])
            for kind in ("source_masks", "target_masks")
        }  # fmt: skip
        options = AlignmentOptions(
            size=SIZE, source_boxes=boxes["source_masks"], target_boxes=boxes["target_masks"]
        )
        rig = body_joints(shared, case, "target_poses")
        joints = align(rig, rig, Alignment.RELEASED, options).joints
        distances = []
        for i in range(24):
            picture = cv2.imread(str(folder / "target_aligned_poses" / f"frame_{i}.png"))
            # Elbows: discs that nothing else covers in most frames.
            for joint, colour in ((3, (0, 255, 255)), (6, (0, 255, 0))):
                y, x = np.nonzero((picture[..., ::-1] == colour).all(-1))
                if len(x) > 30 and np.isfinite(joints[i, joint]).all():
                    centre = np.array([(x.min() + x.max()) / 2, (y.min() + y.max()) / 2])
                    distances.append(np.linalg.norm(joints[i, joint] - centre))
        assert len(distances) > 20
        assert np.median(distances) < 1.0


def test_similarity_between_recovers_a_turn() -> None:
    points = np.random.default_rng(1).uniform(0, 100, (9, 2))
    turn = np.array([[0.8, -0.6], [0.6, 0.8]]) * 1.5
    matrix = similarity_between(points, points @ turn.T + (3, 4))
    np.testing.assert_allclose(matrix, np.column_stack([turn, (3, 4)]), atol=1e-9)
    np.testing.assert_array_equal(similarity_between(points[:1], points[:1]), np.eye(2, 3))
