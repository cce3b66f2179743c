"""Where held things go: turned with the hand, hanging from it, taken from a frame that fits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.body.held_things import HeldThings, Holder
from mf_backend.skeleton.joints import JOINT_INDEX, LEFT_HAND

SIZE = (200, 160)
ELBOW, WRIST = JOINT_INDEX["left_elbow"], JOINT_INDEX["left_wrist"]


def arm(*angles: float, wrist: tuple[float, float] = (100.0, 80.0)) -> NDArray[np.float64]:
    """Joints [frames, 60, 2] of a left forearm that points into some directions, in degrees."""
    joints = np.full((len(angles), 60, 2), np.nan)
    for frame, angle in enumerate(np.deg2rad(angles)):
        joints[frame, WRIST] = wrist
        joints[frame, ELBOW] = np.array(wrist) - 40 * np.array([np.cos(angle), np.sin(angle)])
    return joints


def stick(joints: NDArray[np.float64], frame: int, angle: float) -> NDArray[np.uint8]:
    """A stick of 50 pixels from the wrist on."""
    grey = np.zeros(SIZE[::-1], np.uint8)
    begin = joints[frame, WRIST]
    end = begin + 50 * np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    cv2.line(grey, begin.astype(int).tolist(), end.astype(int).tolist(), int(Holder.LEFT), 5)
    return grey


def tip(things: HeldThings, index: int, frame: int, angle: float) -> NDArray[np.float64]:
    """Where the stick's end goes."""
    (carried,) = things.at(index)
    assert (carried.holder, carried.frame) == (Holder.LEFT, frame)
    place = np.array([100.0, 80.0])
    place += 50 * np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    moved: NDArray[np.float64] = carried.matrix @ [*place, 1.0]
    return moved


def test_a_thing_turns_with_the_hand_and_grows_with_the_actor() -> None:
    source, target = arm(0, 0), arm(90, 180, wrist=(60.0, 50.0))
    things = HeldThings(source, target, lambda i: stick(source, i, 30), ratio=2.0)
    assert things.any()
    turned = np.deg2rad([120, 210])
    for index, angle in enumerate(turned):
        wanted = np.array([60, 50]) + 25 * np.array([np.cos(angle), np.sin(angle)])
        assert np.allclose(tip(things, index, things.at(index)[0].frame, 30), wanted, atol=1e-6)


def test_a_palm_says_more_than_the_forearm() -> None:
    source, target = arm(0), arm(0)
    for joints, angle in ((source, 0.0), (target, np.pi / 2)):
        place = joints[0, WRIST] + 20 * np.array([np.cos(angle), np.sin(angle)])
        joints[0, LEFT_HAND] = place
    things = HeldThings(source, target, lambda i: stick(source, i, 0))
    # Held by the middle of the palm, 10 pixels from the wrist on.
    assert np.allclose(tip(things, 0, 0, 0), [100, 80 + 50], atol=1e-6)
    # A joint that was found far off changes nothing; a hand that no arm has counts for nothing.
    source[0, LEFT_HAND.start + 9] = (5, 5)
    things = HeldThings(source, target, lambda i: stick(source, i, 0))
    assert np.allclose(tip(things, 0, 0, 0), [100, 80 + 50], atol=1e-6)
    target[0, LEFT_HAND] = target[0, WRIST] - (20, 0)
    assert np.allclose(tip(HeldThings(source, target, lambda i: stick(source, i, 0)), 0, 0, 0),
                       [150, 80], atol=1e-6)  # fmt: skip


def test_what_hangs_is_not_turned() -> None:
    source, target = arm(0, 30, 60, 90, 120), arm(180, 150, 120, 90, 60, wrist=(50.0, 40.0))
    things = HeldThings(source, target, lambda i: stick(source, i, 90))
    for index in range(5):
        (carried,) = things.at(index)
        assert np.allclose(carried.matrix[:, :2], np.eye(2))


def test_it_is_taken_from_a_frame_that_shows_it_and_fits() -> None:
    source = arm(0, 0, 80, 80, 80)

    def held(index: int) -> NDArray[np.uint8]:
        grey = stick(source, index, [0, 0, 80, 80, 80][index])
        if index == 3:
            grey[:, 95:] = 0  # nearly all of it hidden
        return grey

    things = HeldThings(source, arm(*[80] * 3, *[0] * 2, *[80] * 3), held)
    frames = [things.at(index)[0].frame for index in range(8)]
    assert 3 not in frames
    # Two frames of another direction are no reason to change; more are.
    assert len(set(frames)) == 1 and frames[0] in (2, 4)
    longer = HeldThings(source, arm(*[80] * 5, *[0] * 5), held)
    frames = [longer.at(index)[0].frame for index in range(10)]
    assert frames[0] in (2, 4) and frames[-1] in (0, 1)
    assert len({*frames}) == 2


def test_nothing_is_carried_where_no_hand_is() -> None:
    source, target = arm(0, 0), arm(0, 0)
    target[1, WRIST] = np.nan
    things = HeldThings(source, target, lambda i: stick(source, i, 0))
    assert [len(things.at(index)) for index in range(2)] == [1, 0]
    nothing = HeldThings(source, target, lambda i: np.zeros(SIZE[::-1], np.uint8))
    assert not nothing.any() and nothing.at(0) == ()


@pytest.mark.parametrize("count", [1, 3])
def test_a_still_hand_keeps_the_thing_where_it_is(count: int) -> None:
    source = arm(*[20] * count)
    things = HeldThings(source, source, lambda i: stick(source, i, 60))
    for index in range(count):
        assert np.allclose(things.at(index)[0].matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-9)
