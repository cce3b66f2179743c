"""Following one of several people, on made-up readings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mf_backend.actor.joints.estimate import everybody
from mf_backend.actor.joints.person_choice import choose_anchor, choose_anchors
from mf_backend.actor.joints.person_track import Candidate, between, follow, seen_twice
from mf_backend.actor.joints.pose_views import LANDMARKS, PoseReading, astray, votes
from mf_backend.contracts.errors import InputError


def person(x: float, y: float = 200.0, size: float = 150.0, colour: int = 0) -> Candidate:
    shape = np.random.default_rng(7).uniform(-0.5, 0.5, (LANDMARKS, 2))
    shape[[0, 31]] = [(0, -0.5), (0, 0.5)]
    points = np.array([x, y]) + size * shape
    zero = np.zeros(LANDMARKS)
    colours = np.zeros(8)
    colours[colour] = 1
    return Candidate(PoseReading(points, zero, zero + 1, zero), colours)


def test_views_that_take_something_else_for_the_legs_do_not_count() -> None:
    """A crop that ends over the feet, or a box that is carried, makes readings without legs."""
    whole = person(300).reading
    short = whole.points.copy()
    short[23:] -= [0, 60]
    squeezed = replace(whole, points=short, visibility=np.full(LANDMARKS, 0.3))
    beside = replace(whole, points=whole.points + 2)
    some = [(squeezed, False), (beside, True), (squeezed, True)]
    assert votes(some, whole, 5, seen=True) == [(beside, True), (whole, False)]
    assert votes(some, whole, 5, seen=False) == [(beside, True)]
    # What is guessed from other pictures does not tell which of them are wrong.
    assert votes(some[:1], whole, 5, seen=False) == some[:1]
    assert votes([(beside, False)] * 5, whole, 5, seen=True) == [(beside, False)] * 5
    # Nor are they wrong where they see more than the whole picture did.
    assert not astray(whole, squeezed)


def crossing(frames: int = 30) -> list[list[Candidate]]:
    """Red walks right and blue left; while they overlap only the nearer one, blue, is seen."""
    people = []
    for t in range(frames):
        red, blue = person(100 + 14 * t, colour=0), person(520 - 14 * t, colour=1)
        group = [blue] if abs(t - 15) <= 3 else [red, blue]
        people.append(group if t % 2 else group[::-1])
    return people


@pytest.mark.parametrize(("colour", "x"), [(0, 100.0), (1, 520.0)])
def test_the_one_pointed_at_through_a_crossing(colour: int, x: float) -> None:
    people = crossing()
    track = follow(people, choose_anchor(people, (0, x, 200)))
    for t, reading in enumerate(track):
        if colour == 0 and abs(t - 15) <= 3:
            assert reading is None
        else:
            expected = 100 + 14 * t if colour == 0 else 520 - 14 * t
            assert reading is not None
            assert reading.points[[0, 31], 0].mean() == pytest.approx(expected, abs=1)


def test_box_on_a_later_frame() -> None:
    people = crossing()
    track = follow(people, choose_anchor(people, (25, 380, 120, 520, 280)))
    first = track[0]
    assert first is not None and first.points[0, 0] == pytest.approx(100)


def test_largest_by_default() -> None:
    people = [[person(100, size=80), person(400, size=200)] for _ in range(5)]
    frame, which = choose_anchor(people, ())
    assert people[frame][which].reading.extent == pytest.approx(200, rel=0.05)


def test_nobody() -> None:
    with pytest.raises(InputError, match="Nobody was found in the clip"):
        choose_anchor([(), ()], ())


def test_nobody_where_pointed() -> None:
    with pytest.raises(InputError, match=r"Nobody was found at \(900, 40\) on frame 1"):
        choose_anchor(crossing(), (1, 900, 40))


def test_frame_outside_the_clip() -> None:
    with pytest.raises(InputError, match="frame from 0 to 29"):
        choose_anchor(crossing(), (30, 100, 200))


def test_place_between_sightings() -> None:
    track = [person(100).reading, None, None, None, person(180).reading]
    middle = between(track, 2)
    assert middle is not None and middle.points[0, 0] == pytest.approx(140)
    assert between([None, None], 0) is None


def test_a_second_skeleton_in_one_body_is_not_somebody_else() -> None:
    own, ghost = person(300).reading, person(300).reading
    ghost.points[[11, 12, 23, 24]] += (25, -40)
    assert seen_twice(own, ghost)
    assert not seen_twice(own, person(420).reading)


def same_clothes(frames: int = 30) -> list[list[Candidate]]:
    """Two in the same clothes who meet, wait behind each other and turn back."""
    people = []
    for t in range(frames):
        way = min(14 * t, 14 * (frames - 1 - t))
        group = [person(100 + way), person(520 - way)]
        people.append(group[:1] if abs(t - 15) <= 2 else group)
    return people


def places(track: list[PoseReading | None]) -> list[float | None]:
    return [r and float(r.points[[0, 31], 0].mean()) for r in track]


def test_a_second_click_settles_who_it_was_after_a_meeting() -> None:
    people = same_clothes()
    for x in (100, 520):
        track = follow(people, *choose_anchors(people, (0, 100, 200, 29, x, 200)))
        found = places(track)
        assert found[0] == pytest.approx(100) and found[-1] == pytest.approx(x)
        assert sum(place is not None for place in found) >= 25
        steps = [abs(b - a) for a, b in pairwise(found[20:]) if a and b]
        assert max(steps) < 20


def test_where_nothing_leads_from_click_to_click_the_track_is_cut_there() -> None:
    people = [[person(100, colour=0), person(900, colour=1)] for _ in range(12)]
    track = follow(people, *choose_anchors(people, (9, 900, 200, 2, 100, 200)))
    assert places(track) == pytest.approx([100] * 9 + [900] * 3)


def test_a_click_beside_everybody_names_its_frame() -> None:
    with pytest.raises(InputError, match=r"Nobody was found at \(900, 40\) on frame 7"):
        choose_anchors(crossing(), (0, 100, 200, 7, 900, 40))


def test_everybody_is_listed_once_also_where_nobody_is_followed() -> None:
    ghost = person(300)
    ghost.reading.points[[11, 12, 23, 24]] += (25, -40)
    seen = everybody([(person(300), ghost, person(600)), ()])
    assert seen.shape == (2, 2, 18, 2)
    assert np.isfinite(seen[0]).all() and np.isnan(seen[1]).all()
