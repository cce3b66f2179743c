"""`fit` with depth: poses, framings and builds that fooled an alignment by lengths in pixels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.contracts.request import Alignment
from mf_backend.retarget.alignment import AlignmentOptions, AlignmentResult, align
from mf_backend.retarget.placement import View

from .people import FRAMES, SIZE, Build, Seen, filmed, standing

Points = NDArray[np.float64]

STILL = np.zeros(FRAMES)
DEEP = 0.75 + 0.2 * np.sin(np.linspace(0, 6, FRAMES))
BODY = slice(0, 14)


def fitted(rig: Seen, actor: Seen, view: View | None = None, depth: bool = True) -> AlignmentResult:
    """`fit` as a job does it, from an estimator's joints."""
    random = np.random.default_rng(3)
    options = AlignmentOptions(
        SIZE,
        source_world=actor.world(random) if depth else None,
        target_positions=rig.positions if depth else None,
        view=view or View(),
    )
    return align(rig.joints, actor.noisy(random).joints, Alignment.FIT, options)


def scale_off(result: AlignmentResult, rig: Seen, actor: Seen, build: Build, own: Build) -> float:
    """Scale found over the right one: pixels a metre of both cameras, metres of both bodies."""
    zoom = [700 / s.positions[:, [8, 11], 2].mean() for s in (rig, actor)]
    right = zoom[1] / zoom[0] * own.trunk / build.trunk
    return result.report.scale / right


@pytest.mark.parametrize("turn", [0.0, 0.6, 1.5])
@pytest.mark.parametrize("small", [1.0, 0.7])
def test_an_actor_who_squats_is_not_taken_for_a_dwarf(turn: float, small: float) -> None:
    own = Build()
    actor = filmed(standing(own, DEEP, turn, 0.3))
    build = own.grown(small)
    rig = filmed(standing(build, STILL, 0.2, 0.8), away=4.0)
    result = fitted(rig, actor)
    assert scale_off(result, rig, actor, build, own) == pytest.approx(1, abs=0.04)
    # Whoever filmed this actor standing there would have seen him like that.
    truth = filmed(standing(own, STILL, 0.2, 0.8))
    off = np.linalg.norm(result.joints[:, BODY] - truth.joints[:, BODY], axis=-1)
    assert off.mean() < 5.5


def test_a_rig_that_squats_is_not_taken_for_a_dwarf() -> None:
    own = Build()
    actor = filmed(standing(own, STILL, 0.2, 0.8))
    rig = filmed(standing(own, DEEP, 0.0, 0.3), away=4.0)
    result = fitted(rig, actor)
    assert scale_off(result, rig, actor, own, own) == pytest.approx(1, abs=0.04)
    truth = filmed(standing(own, DEEP, 0.0, 0.3))
    off = np.linalg.norm(result.joints[:, BODY] - truth.joints[:, BODY], axis=-1)
    assert off.mean() < 5.5


def test_a_camera_that_pans_takes_the_rig_along() -> None:
    own = Build()
    pan = np.tile(np.eye(3), (FRAMES, 1, 1))
    pan[:, 0, 2] = np.linspace(0, 90, FRAMES)
    shift = -pan[:, None, :2, 2]
    actor = filmed(standing(own, DEEP, 0.2, 0.3))
    moved = Seen(actor.joints + shift, actor.positions)
    rig = filmed(standing(own, STILL, 0.2, 0.8), away=4.0)
    truth = filmed(standing(own, STILL, 0.2, 0.8)).joints + shift
    off = fitted(rig, moved, View(pan)).joints[:, BODY] - truth[:, BODY]
    assert np.linalg.norm(off, axis=-1).mean() < 5
    stays = fitted(rig, moved).joints[:, BODY] - truth[:, BODY]
    assert np.linalg.norm(stays, axis=-1).mean() > 20


def test_feet_that_stand_do_not_slide() -> None:
    long_legs = Build(leg=0.55, shin=0.55)
    body = standing(long_legs, 0.3 + 0.3 * np.sin(np.linspace(0, 9, FRAMES)), 0.3, 0.5)
    body[:, :, 0] += 0.15 * np.sin(np.linspace(0, 7, FRAMES))[:, None]
    body[:, [10, 13], 0] = body[0, [10, 13], 0]
    rig = filmed(body, away=4.0)
    result = fitted(rig, filmed(standing(Build(), STILL, 0.2, 0.3)))
    assert result.report.anchor == "feet"
    assert np.ptp(result.joints[:, [10, 13]], axis=0).max() < 2


def test_a_body_seen_to_the_hips_is_scaled_by_what_is_seen() -> None:
    own = Build()
    whole = filmed(standing(own, STILL, 0.3, 0.4), focal=1400.0, eye=1.4)
    joints = whole.joints.copy()
    joints[:, [9, 10, 12, 13]] = np.nan
    rig = filmed(standing(own, DEEP, 0.0, 0.6), away=4.0)
    result = fitted(rig, Seen(joints, whole.positions))
    right = 1400 / 3.2 / (700 / rig.positions[:, [8, 11], 2].mean())
    assert result.report.scale / right == pytest.approx(1, abs=0.04)
    assert result.report.anchor == "hips"
    assert any("feet are not in the picture" in note for note in result.report.notes)


def test_joints_that_come_and_go_make_no_jump() -> None:
    own = Build()
    random = np.random.default_rng(5)
    actor = filmed(standing(own, DEEP, 0.2, 0.3))
    rig = filmed(standing(own, STILL, 0.2, 0.8), away=4.0)
    lost = rig.joints.copy()
    lost[random.random(lost.shape[:2]) < 0.1] = np.nan
    lost[7:9] = np.nan
    result = fitted(Seen(lost, rig.positions), actor)
    truth = filmed(standing(own, STILL, 0.2, 0.8)).joints
    off = np.linalg.norm(result.joints[:, BODY] - truth[:, BODY], axis=-1)
    assert np.nanmean(off) < 5 and np.nanmax(off) < 25
    assert np.isnan(result.joints[7:9]).all()


def test_a_rig_of_another_build_is_named() -> None:
    rig = filmed(standing(Build(leg=0.75, shin=0.7), STILL, 0.2, 0.6), away=5.0)
    result = fitted(rig, filmed(standing(Build(), STILL, 0.1, 0.5)))
    assert any("disagree about the body's proportions" in note for note in result.report.notes)
    same = fitted(filmed(standing(Build(), STILL, 0.2, 0.6)), filmed(standing(Build(), DEEP)))
    assert not same.report.notes


def test_matched_says_when_nobody_lined_the_rig_up() -> None:
    own = Build()
    actor = filmed(standing(own, DEEP, 0.2, 0.3))
    for focal, said in ((700.0, False), (1100.0, True)):
        rig = filmed(standing(own, STILL, 0.0, 0.6), focal=focal, eye=0.9)
        options = AlignmentOptions(
            SIZE,
            source_world=actor.world(np.random.default_rng(3)),
            target_positions=rig.positions,
        )
        result = align(rig.joints, actor.joints, Alignment.MATCHED, options)
        assert np.array_equal(result.joints, rig.joints.astype(np.float32), equal_nan=True)
        assert any("times as large" in note for note in result.report.notes) is said


def test_ground_that_drifts_under_planted_feet_takes_the_rig_along() -> None:
    """A camera that travels: what is far away moves less than the ground, and is registered."""
    own = Build()
    far = np.tile(np.eye(3), (FRAMES, 1, 1))
    far[:, 0, 2] = np.linspace(0, 30, FRAMES)
    shift = np.zeros((FRAMES, 1, 2))
    shift[:, 0, 0] = np.linspace(0, -80, FRAMES)
    actor = filmed(standing(own, DEEP, 0.2, 0.3))
    moved = Seen(actor.joints + shift, actor.positions)
    rig = filmed(standing(own, STILL, 0.2, 0.8), away=4.0)
    truth = filmed(standing(own, STILL, 0.2, 0.8)).joints + shift
    off = fitted(rig, moved, View(far)).joints[:, BODY] - truth[:, BODY]
    assert np.linalg.norm(off, axis=-1).mean() < 6


def test_who_bends_is_measured_where_he_stands() -> None:
    """Hips that go back behind the feet are further away, which makes nobody smaller."""
    own = Build()
    bent = standing(own, STILL, 0.0, 0.5)
    back = np.array([0.0, 0.1, 0.35])
    upper = [k for k in range(60) if k not in (9, 10, 12, 13)]
    bent[:, upper] += back
    rig = filmed(standing(own, STILL, 0.0, 0.5), away=4.0)
    result = fitted(rig, filmed(bent))
    assert result.report.scale / (4.0 / 3.2) == pytest.approx(1, abs=0.04)


def test_neither_a_long_rest_nor_a_lost_body_moves_the_place() -> None:
    own = Build()
    rig = filmed(standing(own, STILL, 0.2, 0.8), away=4.0)
    stepped = standing(own, STILL, 0.2, 0.3)
    stepped[16:, :, 0] += 0.3
    result = fitted(rig, filmed(stepped))
    between = filmed(standing(own, STILL, 0.2, 0.8), beside=0.15).joints
    assert np.nanmean(result.joints[..., 0] - between[..., 0]) == pytest.approx(0, abs=6)
    actor = filmed(standing(own, STILL, 0.2, 0.3))
    astray = actor.joints.copy()
    astray[17:23] += np.arange(30, 210, 30)[:, None, None] * (1, -0.5)
    result = fitted(rig, Seen(astray, actor.positions))
    place = filmed(standing(own, STILL, 0.2, 0.8)).joints
    off = np.nanmean(result.joints - place, axis=(0, 1))
    assert np.abs(off).max() < 5


@pytest.mark.parametrize("pace", [1, 3])
def test_who_comes_nearer_is_as_large_as_where_he_is_placed(pace: int) -> None:
    own = Build()
    way = np.linspace(0, 1, FRAMES)[:, None] ** pace
    coming = standing(own, np.linspace(0, 0.9, FRAMES), 0.2, 0.3)
    coming += (np.array((-0.2, 0, 0.7)) + way * (0.4, 0, -1.4))[:, None]
    rig = filmed(standing(own, STILL, 0.2, 0.8), away=4.0)
    result = fitted(rig, filmed(coming))
    below_horizon = result.joints[:, [10, 13], 1].mean() - (SIZE[1] / 2 - 0.5)
    away = 700 * rig.positions[:, [10, 13], 1].mean() / below_horizon
    assert result.report.scale * away / 4.0 == pytest.approx(1, abs=0.025)
    if pace == 1:
        halfway = filmed(standing(own, STILL, 0.2, 0.8))
        off = np.linalg.norm(result.joints[:, BODY] - halfway.joints[:, BODY], axis=-1)
        assert off.mean() < 7


def test_a_lift_that_the_estimate_hardly_sees_does_not_raise_the_place() -> None:
    own = Build()
    rig = filmed(standing(own, STILL, 0.2, 0.8), away=4.0)
    treading = standing(own, STILL, 0.0, 0.3)
    lift = 0.14 * np.sin(np.linspace(0, 4 * np.pi, FRAMES))
    treading[:, 10, 1] -= np.maximum(lift, 0)
    treading[:, 13, 1] -= np.maximum(-lift, 0)
    # What a network says of lifted feet in space: a fifth of the lift.
    told = treading.copy()
    told[:, [10, 13], 1] /= 5
    actor = Seen(filmed(treading).joints, filmed(told).positions)
    place = filmed(standing(own, STILL, 0.2, 0.8)).joints[:, [10, 13], 1]
    off = fitted(rig, actor).joints[:, [10, 13], 1] - place
    assert np.abs(off.mean()) < 4
