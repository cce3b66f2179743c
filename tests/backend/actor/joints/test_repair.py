"""Temporal repair of joints, on motions whose truth is known."""

from __future__ import annotations

import numpy as np

from mf_backend.actor.joints.hand_repair import repair_hand
from mf_backend.actor.joints.repair import (
    collapsed,
    drop_mistakes,
    fill_gaps,
    gone_on,
    inside,
    overturned,
    smooth,
    without_flicker,
)
from mf_backend.contracts.conditions import JointState

SIZE = (640, 480)


def walking(frames: int = 40) -> np.ndarray:
    """A person [frames, 18, 2] who walks right and swings the arms."""
    stand = np.array(
        [
            (0, -150), (0, -120), (-30, -120), (-45, -80), (-50, -40), (30, -120), (45, -80),
            (50, -40), (-18, -20), (-20, 50), (-22, 120), (18, -20), (20, 50), (22, 120),
            (-6, -156), (6, -156), (-14, -152), (14, -152),
        ],
        np.float64,
    )  # fmt: skip
    t = np.arange(frames)
    body = np.repeat(stand[None], frames, axis=0) + np.array([200.0, 250.0])
    body[..., 0] += 4.0 * t[:, None]
    swing = 35 * np.sin(2 * np.pi * t / 20)
    body[:, [4, 13], 0] += swing[:, None]
    body[:, [7, 10], 0] -= swing[:, None]
    return body


def test_a_body_that_is_suddenly_a_fraction_of_itself_is_nobody() -> None:
    body = walking()
    for frame in (0, 13, 14, 15, 16, 17, 18):
        middle = body[frame].mean(axis=0)
        body[frame] = middle + (0.7 if frame == 13 else 0.3) * (body[frame] - middle)
    assert np.flatnonzero(collapsed(body)).tolist() == [0, 13, 14, 15, 16, 17, 18]
    # Who squats, or goes away from the camera over seconds, is still somebody.
    low = walking()
    low[12:25, :8, 1] += 110
    low[12:25, 14:, 1] += 110
    low[12:25, [8, 11], 1] += 90
    assert not collapsed(low).any()
    far = walking(120)
    far = far[:, :1] + (far - far[:, :1]) * np.linspace(1, 0.15, 120)[:, None, None]
    assert not collapsed(far).any()


def turned_by(body: np.ndarray, angle: float) -> np.ndarray:
    """A body [18, 2] turned about its middle."""
    middle = body.mean(axis=0)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (body - middle) @ turn + middle


def test_a_body_that_turns_over_at_once_is_nobody() -> None:
    body = walking()
    body[[35, 36, 38]] = [turned_by(body[frame], 2.2) for frame in (35, 36, 38)]
    body[[34, 37, 39]] = np.nan
    assert np.flatnonzero(overturned(body)).tolist() == [35, 36, 38]
    body[20] = turned_by(body[20], -2.5)
    assert np.flatnonzero(overturned(body)).tolist() == [20, 35, 36, 38]
    # Who turns a somersault in half a second does so frame by frame.
    wheel = np.stack([turned_by(b, 0.55 * max(0, i - 14)) for i, b in enumerate(walking())])
    assert not overturned(wheel).any()
    assert not overturned(np.full((5, 18, 2), np.nan)).any()


def test_who_was_misread_as_he_left_goes_on() -> None:
    truth = walking()
    body, wrong = truth.copy(), np.zeros(40, bool)
    wrong[[0, 30, 34]] = True
    body[[0, *range(30, 40)]] = np.nan
    going = gone_on(body, wrong)
    assert np.flatnonzero(going).tolist() == [0, *range(30, 35)]
    trunk = [2, 5, 8, 11]
    assert np.linalg.norm((body - truth)[going][:, trunk], axis=-1).max() < 1e-6
    assert np.isnan(body[35:]).all()
    # What lies between two sightings is filled, and who was not seen at all is gone.
    for doubted in (np.zeros(40, bool), np.arange(40) == 20):
        body = truth.copy()
        body[[20, *range(30, 40)]] = np.nan
        assert not gone_on(body, doubted).any()


def test_a_jump_is_dropped_and_filled() -> None:
    truth = walking()
    body, spread = truth.copy(), np.full(truth.shape[:2], 1.0)
    body[17, 4] += (150, -90)
    spread[17, 4] = 40
    wrong = drop_mistakes(body, spread)
    assert np.argwhere(wrong).tolist() == [[17, 4]]
    body[wrong] = np.nan
    filled, state = fill_gaps(body)
    assert np.linalg.norm(filled[17, 4] - truth[17, 4]) < 5
    assert state[17, 4] == JointState.CARRIED
    assert (np.delete(state.ravel(), 17 * 18 + 4) == JointState.FOUND).all()


def test_fast_motion_of_a_sure_joint_is_kept() -> None:
    body = walking()
    body[17, 4] += (150, -90)
    assert not drop_mistakes(body, np.full(body.shape[:2], 1.0)).any()


def test_short_gap_is_filled_long_one_is_not() -> None:
    truth = walking()
    body = truth.copy()
    body[5:9] = np.nan
    body[15:35] = np.nan
    filled, state = fill_gaps(body)
    assert np.nanmax(np.linalg.norm(filled[5:9] - truth[5:9], axis=-1)) < 20
    assert (state[5:9] == JointState.CARRIED).all()
    assert np.isnan(filled[15:35]).all() and (state[15:35] == JointState.ABSENT).all()


def test_smoothing_takes_jitter_and_does_not_lag() -> None:
    truth = walking()
    noise = np.random.default_rng(3).normal(0, 1.5, truth.shape)
    spread = np.full(truth.shape[:2], 1.5)
    smoothed = smooth(truth + noise, spread)
    before = np.linalg.norm(noise, axis=-1).mean()
    after = np.linalg.norm(smoothed - truth, axis=-1).mean()
    assert after < 0.8 * before
    # No lag: the swinging wrist fits the truth best without a shift in time.
    wrist, true_wrist = smoothed[5:-5, 4], truth[:, 4]
    errors = [np.abs(wrist - true_wrist[5 + s : len(truth) - 5 + s]).mean() for s in (-1, 0, 1)]
    assert int(np.argmin(errors)) == 1


def test_smoothing_keeps_a_sudden_move() -> None:
    truth = walking()
    truth[20:, 4] += (0, -80)
    smoothed = smooth(truth, np.full(truth.shape[:2], 0.5))
    assert np.linalg.norm(smoothed - truth, axis=-1)[15:25].max() < 3


def runs(shown: np.ndarray) -> list[int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], shown.astype(int), [0]])))
    return list(np.diff(edges)[::2])


def test_nothing_blinks() -> None:
    random = np.random.default_rng(5)
    for _ in range(200):
        present = random.random(30) < random.random()
        steady = without_flicker(present)
        assert steady[present].all()
        change = np.flatnonzero(np.diff(steady.astype(int)))
        assert (np.diff(change) >= 3).all()


def resting_at(body: np.ndarray, wrist: int, elbow: int) -> np.ndarray:
    """A made-up hand [frames, 21, 2] that turns with the forearm."""
    along = body[:, wrist] - body[:, elbow]
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    shape = np.random.default_rng(1).uniform(0, 30, (21, 2))
    shape[0] = 0
    return (
        body[:, wrist][:, None]
        + shape[None, :, :1] * along[:, None]
        + shape[None, :, 1:] * across[:, None]
    )


def test_hand_is_there_whenever_its_wrist_is() -> None:
    body = walking(60)
    truth = resting_at(body, 4, 3)
    found = truth.copy()
    found[10:20] = np.nan
    found[30:] = np.nan
    visible = inside(body[:, 4], SIZE)
    hand = repair_hand(body, found, 1, visible)
    assert visible.sum() > 40 and np.isfinite(hand.points[visible]).all()
    assert (hand.state[:10] == JointState.FOUND).all()
    assert np.allclose(hand.points[:10], truth[:10])
    assert (hand.state[10:20] == JointState.CARRIED).all()
    assert np.abs(hand.points[10:20] - truth[10:20]).max() < 6
    assert set(hand.state[30:40]) == {JointState.CARRIED}
    assert hand.state[55] == JointState.POSED
    # The stand-in hangs on its wrist.
    assert np.allclose(hand.points[55, 0], body[55, 4])
    # From frame to frame a hand moves no faster than about its wrist: nothing pops.
    speed = np.linalg.norm(np.diff(hand.points - hand.points[:, :1], axis=0), axis=-1)
    assert np.nanmax(speed) < 20


def test_no_hand_without_a_wrist() -> None:
    body = walking(20)
    body[:, 4] = np.nan
    hand = repair_hand(body, np.full((20, 21, 2), np.nan), 1, inside(body[:, 4], SIZE))
    assert np.isnan(hand.points).all() and (hand.state == JointState.ABSENT).all()


def test_wrist_in_the_picture_for_one_frame() -> None:
    body = walking(20)
    body[..., 0] += 1000
    body[10, :, 0] -= 1000
    hand = repair_hand(body, np.full((20, 21, 2), np.nan), 1, inside(body[:, 4], SIZE))
    assert runs(np.isfinite(hand.points).all(axis=(1, 2))) == [3]
