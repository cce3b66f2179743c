"""Mattes take in lost hands and what hands hold, and nothing that only passes by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.actor.masks.held import Hand
from mf_backend.actor.masks.mend import study
from mf_backend.contracts.progress import NullReporter
from mf_backend.skeleton.joints import JOINT_INDEX, LEFT_HAND
from tests.backend.memory_clip import Frames

SIZE, COUNT = 224, 12
Picture = NDArray[np.uint8]
Points = NDArray[np.float64]
NOBODY = np.full((COUNT, 0, 18, 2), np.nan)


@dataclass
class Shot:
    """A drawn person whose left arm swings, and what is drawn of them."""

    frames: list[Picture]
    joints: Points
    """[frames, 60, 2]."""
    body: list[Picture]
    """Masks of the person without the hand and what it holds."""
    hand: list[Picture]
    thing: list[Picture]


def wall(shift: float) -> Picture:
    """A set with things in it, seen from `shift` pixels aside."""
    x = np.arange(SIZE) + shift
    y = np.arange(SIZE)[:, None]
    base = 120 + 25 * np.sin(x / 9) + 20 * np.cos(y / 13) + 15 * np.sin((x + 2 * y) / 17)
    return np.stack([base, base + 12, base - 10], axis=-1).clip(0, 255).astype(np.uint8)


def joints_at(angle: float) -> Points:
    points = np.full((60, 2), np.nan)
    body = {
        "nose": (112, 42), "neck": (112, 62),
        "right_shoulder": (94, 64), "right_elbow": (86, 92), "right_wrist": (84, 118),
        "left_shoulder": (130, 64), "right_hip": (102, 126), "left_hip": (122, 126),
        "right_knee": (100, 160), "left_knee": (124, 160),
        "right_ankle": (100, 194), "left_ankle": (124, 194),
    }  # fmt: skip
    for name, place in body.items():
        points[JOINT_INDEX[name]] = place
    along = np.array([np.cos(angle), np.sin(angle)])
    shoulder = points[JOINT_INDEX["left_shoulder"]]
    points[JOINT_INDEX["left_elbow"]] = shoulder + 26 * along
    wrist = points[JOINT_INDEX["left_wrist"]] = shoulder + 50 * along
    across = np.array([-along[1], along[0]])
    hand = [wrist]
    for finger in range(5):
        hand += [wrist + (6 + 4 * k) * along + (finger - 2) * 2.5 * across for k in range(4)]
    points[LEFT_HAND] = hand
    return points


def line(canvas: Picture, a: Points, b: Points, thick: int) -> None:
    (ax, ay), (bx, by) = np.rint([a, b]).astype(int).tolist()
    cv2.line(canvas, (ax, ay), (bx, by), 255, thick)


def film(thing: Callable[[Picture, Points], None], pan: float = 0.0) -> Shot:
    """`thing(canvas, joints)` draws what the left hand holds."""
    shot = Shot([], np.zeros((COUNT, 60, 2)), [], [], [])
    for index in range(COUNT):
        shift = pan * index
        joints = joints_at(-0.7 + 1.5 * index / (COUNT - 1))
        masks = [np.zeros((SIZE, SIZE), np.uint8) for _ in range(3)]
        body, hand, held = masks
        name = {key: joints[place] for key, place in JOINT_INDEX.items()}
        cv2.fillConvexPoly(
            body,
            np.rint([name[k] for k in ("right_shoulder", "left_shoulder", "left_hip", "right_hip")])
            .astype(np.int32),
            255,
        )  # fmt: skip
        cv2.circle(body, (112, 42), 16, 255, -1)
        for side in ("left", "right"):
            line(body, name[f"{side}_shoulder"], name[f"{side}_elbow"], 11)
            line(body, name[f"{side}_elbow"], name[f"{side}_wrist"], 9)
            line(body, name[f"{side}_hip"], name[f"{side}_knee"], 17)
            line(body, name[f"{side}_knee"], name[f"{side}_ankle"], 13)
        for point in joints[LEFT_HAND]:
            line(hand, name["left_wrist"], point, 4)
        thing(held, joints)
        frame = wall(shift)
        for mask, colour in ((held, (60, 90, 30)), (body, (190, 40, 60)), (hand, (225, 180, 150))):
            frame[mask > 0] = colour
        shot.frames.append(frame)
        shot.joints[index] = joints
        shot.body.append(body)
        shot.hand.append(hand)
        shot.thing.append(held)
    return shot


def stick(canvas: Picture, joints: Points) -> None:
    palm = joints[LEFT_HAND].mean(axis=0)
    along = palm - joints[JOINT_INDEX["left_wrist"]]
    across = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    line(canvas, palm - 45 * across, palm + 20 * across, 6)


def bag(canvas: Picture, joints: Points) -> None:
    palm = joints[LEFT_HAND].mean(axis=0)
    line(canvas, palm, palm + np.array([0, 20]), 3)
    x, y = np.rint(palm + np.array([0, 20])).astype(int).tolist()
    cv2.rectangle(canvas, (x - 12, y), (x + 12, y + 22), 255, -1)


def nothing(canvas: Picture, joints: Points) -> None:
    pass


def mend(shot: Shot, mattes: list[Picture]) -> tuple[list[Picture], list[Picture]]:
    """Mended mattes and maps of what is held."""
    mender = study(Frames(shot.frames), shot.joints, NOBODY, lambda i: mattes[i], NullReporter())
    assert mender is not None
    both = [mender.mended(index, frame) for index, frame in enumerate(shot.frames)]
    return [found.matte for found in both], [found.held for found in both]


def part(found: Picture, truth: Picture) -> float:
    """Share of `truth` that `found` has."""
    return float(((found > 127) & (truth > 0)).sum() / (truth > 0).sum())


@pytest.mark.parametrize(("pan", "least"), [(0.0, (0.9, 0.6)), (3.0, (0.75, 0.6))])
@pytest.mark.parametrize("thing", [stick, bag])
def test_what_the_matte_leaves_in_a_hand_is_found(
    thing: Callable[[Picture, Points], None], pan: float, least: tuple[float, float]
) -> None:
    """A thing that turns with the hand, and one that hangs from it; camera still and panning."""
    shot = film(thing, pan)
    own = [body | hand for body, hand in zip(shot.body, shot.hand, strict=True)]
    mattes, maps = mend(shot, own)
    taken = [part(matte, truth) for matte, truth in zip(mattes, shot.thing, strict=True)]
    held = [part(each, truth) for each, truth in zip(maps, shot.thing, strict=True)]
    assert np.mean(taken) > least[0] and np.mean(held) > least[1]
    for index, matte in enumerate(mattes):
        whole = own[index] | shot.thing[index]
        beside = (matte > 127) & (cv2.dilate(whole, np.ones((5, 5), np.uint8)) == 0)
        assert beside.sum() < 0.02 * (whole > 0).sum()
        assert not np.isin(maps[index], (0, int(Hand.LEFT)), invert=True).any()


def test_a_held_thing_in_the_matte_is_told_from_the_hand() -> None:
    shot = film(bag)
    whole = [b | h | t for b, h, t in zip(shot.body, shot.hand, shot.thing, strict=True)]
    _, maps = mend(shot, whole)
    for index, each in enumerate(maps):
        assert ((each > 0) & (shot.body[index] > 0)).sum() < 60
    assert np.mean([part(each, t) for each, t in zip(maps, shot.thing, strict=True)]) > 0.6


def test_a_lost_hand_comes_back() -> None:
    shot = film(nothing)
    own = [b | h for b, h in zip(shot.body, shot.hand, strict=True)]
    lost = [own[i] if i % 3 else shot.body[i] for i in range(COUNT)]
    mattes, maps = mend(shot, lost)
    for index in range(0, COUNT, 3):
        assert part(mattes[index], shot.hand[index] & ~shot.body[index]) > 0.85
    assert not np.any(maps)


def test_what_passes_by_and_shadows_stay_out() -> None:
    """Something that crosses far from the hand, and the shadow of the arm beside it."""
    shot = film(nothing)
    own = [b | h for b, h in zip(shot.body, shot.hand, strict=True)]
    for index, frame in enumerate(shot.frames):
        behind = own[index] == 0
        cast = np.roll(own[index], (14, 10), (0, 1))
        shade = cv2.GaussianBlur(cast, (0, 0), 2)[..., None] / 255 * 0.3
        frame[behind] = np.rint(frame * (1 - shade)).astype(np.uint8)[behind]
        left = 4 + 3 * index
        frame[150:176, left : left + 30] = (30, 40, 170)
    mattes, maps = mend(shot, own)
    for index, matte in enumerate(mattes):
        rim = cv2.dilate(own[index], np.ones((3, 3), np.uint8))
        assert ((matte > 127) & (rim == 0)).sum() < 15
    assert not np.any(maps)


def test_what_another_person_holds_is_theirs() -> None:
    """Somebody stands where the hand swings past; they and their coat are not the actor's."""
    shot = film(nothing)
    own = [b | h for b, h in zip(shot.body, shot.hand, strict=True)]
    other = np.full((COUNT, 1, 18, 2), np.nan)
    for index, frame in enumerate(shot.frames):
        sway = 6 * np.sin(index)
        place = shot.joints[index, :18] + [84 + sway, 10]
        other[index, 0] = place
        neck = place[1]
        x, y = np.rint(neck).astype(int).tolist()
        coat = np.zeros((SIZE, SIZE), np.uint8)
        cv2.rectangle(coat, (x - 20, y), (min(x + 20, SIZE - 1), y + 80), 255, -1)
        frame[(coat > 0) & (own[index] == 0)] = (30, 30, 130)
    mender = study(Frames(shot.frames), shot.joints, other, lambda i: own[i], NullReporter())
    assert mender is not None
    for index, frame in enumerate(shot.frames):
        found = mender.mended(index, frame)
        assert ((found.matte > 127) & (own[index] == 0)).sum() < 40
        assert not found.held.any() and not found.front.any()


def test_without_a_neck_there_is_nothing_to_go_by() -> None:
    shot = film(nothing)
    joints = np.full_like(shot.joints, np.nan)
    own = [np.zeros((SIZE, SIZE), np.uint8)] * COUNT
    assert study(Frames(shot.frames), joints, NOBODY, lambda i: own[i], NullReporter()) is None


def walk_behind(post: bool, stay: bool = False) -> tuple[Shot, Picture]:
    """A person crosses the picture behind a post (or stays there); and where the post is."""
    shot = film(nothing)
    place = np.zeros((SIZE, SIZE), np.uint8)
    if post:
        place[:, 104:114] = 255
    for index in range(COUNT):
        shift = 0 if stay else round(-50 + 100 * index / (COUNT - 1))
        shot.joints[index, :, 0] += shift
        own = np.zeros((SIZE, SIZE), np.uint8)
        for mask in (shot.body[index], shot.hand[index]):
            move = np.array([[1.0, 0, shift], [0, 1, 0]])
            moved = cv2.warpAffine(mask, move, (SIZE, SIZE), flags=cv2.INTER_NEAREST)
            own |= moved
        own[place > 0] = 0
        frame = wall(0)
        frame[place > 0] = (40, 60, 150)
        frame[own > 0] = (190, 40, 60)
        shot.frames[index], shot.body[index] = frame, own
    return shot, place


def fronts(shot: Shot, mattes: list[Picture]) -> list[Picture]:
    mender = study(Frames(shot.frames), shot.joints, NOBODY, lambda i: mattes[i], NullReporter())
    assert mender is not None
    return [mender.mended(index, frame).front for index, frame in enumerate(shot.frames)]


def test_a_post_that_the_actor_walks_behind_is_in_front() -> None:
    shot, post = walk_behind(post=True)
    found = fronts(shot, shot.body)
    for front, own in zip(found, shot.body, strict=True):
        body = front[70:120]
        assert (body[post[70:120] > 0] > 0).mean() > 0.85
        assert ((front > 0) & (cv2.dilate(post, np.ones((3, 3), np.uint8)) == 0)).sum() < 20
        assert not ((front > 0) & (own > 0)).any()


def test_nothing_is_in_front_of_who_walks_freely() -> None:
    shot, _ = walk_behind(post=False)
    assert not np.any(fronts(shot, shot.body))


def test_a_body_that_the_matte_misses_is_not_in_front_of_itself() -> None:
    """Who stands still and is missed in part looks like the set."""
    shot, _ = walk_behind(post=False, stay=True)
    missed = [mask.copy() for mask in shot.body]
    for mask in missed:
        mask[120:, :112] = 0
    assert not np.any(fronts(shot, missed))


def test_where_the_matte_finds_nobody_nothing_is_in_front() -> None:
    shot, _ = walk_behind(post=False)
    lost = [mask if index % 2 else np.zeros_like(mask) for index, mask in enumerate(shot.body)]
    assert not np.any(fronts(shot, lost))


def test_a_thing_held_still_is_found_by_its_swaying_edge() -> None:
    shot = film(nothing)
    things = []
    for index in range(COUNT):
        shot.joints[index] = joints_at(1.0 + 0.05 * np.sin(index))
        own = np.zeros((SIZE, SIZE), np.uint8)
        for place in (shot.body[index], shot.hand[index]):
            place[:] = 0
        line(own, shot.joints[index, 5], shot.joints[index, 7], 10)
        cv2.fillConvexPoly(own, np.array([[94, 64], [130, 64], [122, 190], [102, 190]]), 255)
        cv2.circle(own, (112, 42), 16, 255, -1)
        for point in shot.joints[index, LEFT_HAND]:
            line(own, shot.joints[index, 7], point, 4)
        thing = np.zeros((SIZE, SIZE), np.uint8)
        palm = shot.joints[index, LEFT_HAND].mean(axis=0)
        cv2.circle(thing, (round(palm[0] + 22), round(palm[1] + 4)), 17, 255, -1)
        frame = wall(0)
        frame[thing > 0], frame[own > 0] = (30, 200, 220), (190, 40, 60)
        shot.frames[index], shot.body[index] = frame, own
        things.append(thing)
    mattes, maps = mend(shot, shot.body)
    for matte, held, thing in zip(mattes, maps, things, strict=True):
        assert part(matte, thing) > 0.75 and part(held, thing) > 0.6
