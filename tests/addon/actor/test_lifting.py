"""An actor's figure in space against one whose bones and motion are known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mf_backend.contracts.conditions import JointState
from mf_backend.skeleton.joints import LEFT_HAND
from motionfollower_addon.core.actor.lifting.body import INNER, LINKS, POINT
from motionfollower_addon.core.actor.lifting.exact import off_ray, slides
from motionfollower_addon.core.actor.lifting.found import Sighting
from motionfollower_addon.core.actor.lifting.normal_equations import NormalEquations
from motionfollower_addon.core.actor.lifting.whole import Lifted, lift
from motionfollower_addon.core.actor.rig.sizes import grounded

from .figures import aligned_error, moving_figure, sighting, still_views

pytestmark = pytest.mark.once("figures as numbers, without Blender")


def uneven(points: np.ndarray) -> float:
    """By which share the length of any bone changes over the clip."""
    shares = []
    for link in LINKS:
        long = np.linalg.norm(points[:, link.end] - points[:, link.start], axis=-1)
        shares.append(np.ptp(long) / long.mean())
    return float(max(shares))


def check_exact(found: Sighting, lifted: Lifted) -> None:
    """Joints on their rays, bones of one length."""
    assert np.nanmax(off_ray(found, lifted.points)) <= 0.5
    assert uneven(lifted.points) <= 0.001


@pytest.mark.parametrize("moves", [0.0, 0.8], ids=["still camera", "moving camera"])
def test_a_clean_sighting_gives_the_figure_back(moves: float) -> None:
    truth = moving_figure(14)
    found = sighting(truth, still_views(14, moves))
    lifted = lift(found)
    check_exact(found, lifted)
    error = aligned_error(lifted.points[:, len(INNER) :], truth[:, len(INNER) :])
    assert error < 0.02
    assert max(slides(found, lifted.points)) < 2.0


@pytest.mark.parametrize("seed", [0, 1])
def test_noise_leaves_rays_and_lengths_exact(seed: int) -> None:
    truth = moving_figure(14, seed, turn=1.2)
    found = sighting(truth, still_views(14), noise=1.0, seed=seed)
    lifted = lift(found)
    check_exact(found, lifted)
    assert aligned_error(lifted.points[:, len(INNER) :], truth[:, len(INNER) :]) < 0.05


def test_without_depth_it_is_still_a_person() -> None:
    truth = moving_figure(12, 3, turn=0.2)
    found = sighting(truth, still_views(12), noise=0.5, depth=False)
    lifted = lift(found)
    check_exact(found, lifted)
    assert aligned_error(lifted.points[:, len(INNER) :], truth[:, len(INNER) :]) < 0.12
    assert 0.35 < lifted.lengths["thigh"] < 0.5


def test_absent_and_wild_joints() -> None:
    truth = moving_figure(14)
    found = sighting(truth, still_views(14), noise=0.5)
    found.joints[:, 13] = np.nan
    found.joints[8:11] = np.nan
    found.states[np.isnan(found.joints).any(axis=-1)] = JointState.ABSENT
    found.joints[4, 4] += 60.0
    lifted = lift(found)
    assert np.isfinite(lifted.joints).all()
    check_exact(found, lifted)
    knee, ankle = POINT["left_knee"], POINT["left_ankle"]
    assert (lifted.points[:, ankle, 2] < lifted.points[:, knee, 2]).mean() > 0.9


def test_carried_joints_are_held_loosely() -> None:
    truth = moving_figure(12)
    found = sighting(truth, still_views(12))
    found.joints[8, 4] += 80.0
    found.states[8, 4] = JointState.CARRIED
    lifted = lift(found)
    check_exact(found, lifted)
    stray = np.linalg.norm(lifted.points[8, POINT["right_wrist"]] - truth[8, POINT["right_wrist"]])
    assert stray < 0.5


def test_the_size_is_the_callers() -> None:
    found = sighting(moving_figure(8), still_views(8))
    small, large = lift(found, 1.0), lift(found, 2.0)
    assert np.allclose(
        large.points - found.views.places[:, None],
        2 * (small.points - found.views.places[:, None]),
        rtol=0.02,
    )


def test_a_hand_lies_on_its_rays() -> None:
    truth = moving_figure(10)
    views = still_views(10)
    found = sighting(truth, views)
    time = np.arange(10) / 10
    wrist = truth[:, POINT["left_wrist"]]
    hand = np.empty((10, 21, 3))
    hand[:, 0] = wrist
    for finger in range(5):
        before, bend = wrist, 0.6 * np.sin(2 * np.pi * time)
        for k in range(4):
            angle = 0.2 * (finger - 2)
            down = np.stack(
                [np.sin(angle) * np.cos(k * bend), -np.sin(k * bend), -np.cos(k * bend)], axis=1
            )
            before = before + (0.08 if k == 0 else 0.03) * down
            hand[:, 4 * finger + k + 1] = before
    joints, states = found.joints.copy(), found.states.copy()
    joints[:, LEFT_HAND] = views.pixels(hand)
    states[:, LEFT_HAND] = JointState.FOUND
    found = dataclasses.replace(found, joints=joints, states=states)
    lifted = lift(found)
    points = lifted.hands["left"].points
    off = np.linalg.norm(views.pixels(points) - joints[:, LEFT_HAND], axis=-1)
    assert off[:, 1:].max() <= 0.5
    ways = np.linalg.norm(points[:, 2:5] - points[:, 1:4], axis=-1)
    assert np.ptp(ways, axis=0).max() < 1e-6
    assert np.isfinite(lifted.hands["right"].points).all(), "a hand never seen rests"


def test_the_equations_agree_with_a_plain_solution() -> None:
    random = np.random.default_rng(2)
    count, size, shared = 7, 4, 2
    sums = NormalEquations(count, size, shared)
    total = count * size + shared
    matrix, slope = np.zeros((total, total)), np.zeros(total)

    def put(row: np.ndarray, value: float) -> None:
        nonlocal matrix, slope
        matrix += np.outer(row, row)
        slope += row * value

    values = random.normal(size=(count, size))
    value, own = random.normal(size=(count, 1)), random.normal(size=(count, 1))
    parts = [(0, random.normal(size=(count, 1, 2))), (2, random.normal(size=(count, 1, 2)))]
    sums.add_shared(value, parts, 1, own)
    step, way = random.normal(size=(count - 1, 1)), random.normal(size=(count - 1, 1, 3))
    sums.add_step(step, [(1, way)])
    weights = random.uniform(1, 2, (count - 2, size))
    sums.add_difference(values, weights, (1.0, -2.0, 1.0))
    sums.shared += np.eye(shared)
    for t in range(count):
        row = np.zeros(total)
        row[t * size : t * size + 4] = np.concatenate([parts[0][1][t, 0], parts[1][1][t, 0]])
        row[count * size + 1] = own[t, 0]
        put(row, float(value[t, 0]))
        if t + 1 < count:
            row = np.zeros(total)
            row[(t + 1) * size + 1 : (t + 2) * size] = way[t, 0]
            row[t * size + 1 : (t + 1) * size] = -way[t, 0]
            put(row, float(step[t, 0]))
        for k in range(size if t + 2 < count else 0):
            row = np.zeros(total)
            row[[(t + m) * size + k for m in range(3)]] = 1, -2, 1
            weight = weights[t, k] ** 0.5
            put(row * weight, float(weight * (row[:-shared].reshape(count, size) * values).sum()))
    matrix[-shared:, -shared:] += np.eye(shared)
    matrix += 1e-9 * np.eye(total)
    plain = np.linalg.solve(matrix, -slope)
    ours = np.concatenate([part.reshape(-1) for part in sums.solve(0.0)])
    assert np.allclose(ours, plain, atol=1e-6)


def test_the_ground_tells_the_size() -> None:
    truth = moving_figure(10)
    truth[..., 2] -= 0.12 - 0.11
    found = sighting(truth, still_views(10))
    assert grounded(found, lift(found, 0.8), 0.8) == pytest.approx(1.0, abs=0.03)
    below = dataclasses.replace(found, views=still_views(10, high=-0.5))
    assert grounded(below, lift(found), 1.0) is None, "a camera under the ground tells nothing"
