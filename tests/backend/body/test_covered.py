"""The body behind what covers it, hands on cloth, and a body that turns."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from mf_backend.body.bones import BONE, LABELS, NUMBER, bone_distance
from mf_backend.body.colour import share_with_hands
from mf_backend.body.person import model_person
from mf_backend.body.surfaces.evidence import gather
from mf_backend.body.surfaces.maps import view
from mf_backend.body.surfaces.names import RIGHT_ARM, RIGHT_LEG, TRUNK
from mf_backend.body.surfaces.texture import goes_on
from mf_backend.body.transform import head_weights, trunk_affine, trunk_weights
from mf_backend.body.whole_skeleton import HEAD, MID_HIP, complete
from tests.backend.engines.preview.figure import drawn

SIZE = (320, 300)


def test_what_stands_before_the_body_tells_nothing_about_it() -> None:
    _, masks, joints = drawn(2, SIZE)
    x, y = (int(v) for v in (joints[0, 1] + joints[0, 8]) / 2)
    post = np.zeros(SIZE[::-1], np.uint8)
    post[:, x - 4 : x + 4] = 255
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None
    bare = np.where(post > 0, 0, masks[0]).astype(np.uint8)
    source = model.source

    def believed(over: NDArray[np.uint8] | None) -> int:
        found = gather(bare, source.points[0], source.seen[0], model.widths, None, over)
        assert found is not None
        column, row = (
            round((v - o + 0.5) * s - 0.5)
            for v, o, s in zip((x, y), found.origin, found.scale, strict=True)
        )
        return int(found.seen[TRUNK.name][row, column])

    assert believed(None) > 200
    assert believed(post) < 20


def test_of_a_folded_arm_the_nearer_bone_is_seen() -> None:
    """The hand at the shoulder: before it, or behind the head, which only depth tells apart."""
    _, masks, joints = drawn(2, SIZE)
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None
    points = model.source.points[0].copy()
    shoulder, elbow, wrist = RIGHT_ARM.points[:3]
    points[wrist] = points[shoulder] + (3, 3)
    points[RIGHT_ARM.points[3]] = points[shoulder]
    world = np.zeros((60, 3), np.float32)
    world[:24, :2] = points / model.widths.unit / 2
    upper, *others = (NUMBER[name] for name in RIGHT_ARM.bones)

    def label(depth: float | None) -> int:
        world[wrist, 2] = np.nan if depth is None else depth
        found = gather(masks[0], points, model.source.seen[0], model.widths, world=world)
        assert found is not None
        place = 0.7 * points[shoulder] + 0.3 * points[elbow]
        column, row = np.rint((place - found.origin + 0.5) * found.scale - 0.5).astype(int)
        return int(found.label[row, column])

    assert label(-0.2) in others
    assert label(0.2) == upper
    assert label(None) == label(0.0)


def test_fingers_on_cloth_are_the_hands_and_cloth_beside_it_is_not() -> None:
    shape = (60, 60)
    rows, columns = np.mgrid[:60, :60].astype(np.float32)
    away = np.hypot(columns - 30, rows - 30)
    near = {name: np.full(shape, 50, np.float32) for name in LABELS}
    near["right_hand"] = (away / 10).astype(np.float32)
    near["right_thigh"] = np.ones(shape, np.float32)
    frame = np.full((*shape, 3), (40, 50, 150), np.uint8)
    skin = away < 7
    # One finger reaches out of the measured hand, and left of it cloth lies in it.
    skin[28:32, 30:50] = True
    # In its middle cloth lies before it.
    skin[26:30, 26:30] = False
    frame[skin] = (220, 160, 130)
    hand, thigh = LABELS.index("right_hand"), LABELS.index("right_thigh")
    label = np.where(away < 10, hand, thigh)
    found = share_with_hands(label, LABELS, near, np.ones(shape, bool), frame)
    assert (found[29:31, 42:48] == hand).all()
    assert (found[28:32, 22:24] == thigh).all()
    assert (found[26:30, 26:30] == thigh).all()
    assert (found[skin & (away < 6)] == hand).all()
    # Where the hand has the cloth's colours nothing can be told.
    frame[:] = (40, 50, 150)
    assert (share_with_hands(label, LABELS, near, np.ones(shape, bool), frame) == label).all()


@pytest.mark.parametrize(("turn", "least", "most"), [(0.0, 0.99, 1.01), (1.5, 0.4, 0.7)])
def test_a_body_that_turns_narrows_to_its_depth(turn: float, least: float, most: float) -> None:
    joints = drawn(1, SIZE)[2]
    aside = joints.copy()
    aside[..., 0] = joints[:, 1:2, 0] + (joints[..., 0] - joints[:, 1:2, 0]) * np.cos(turn)
    front, turned = (complete(v).points[0] for v in (joints, aside))
    matrix = trunk_affine("shoulders", turned, front, 1.0)
    # Pixels of the clip for one of the target, across the body: its inverse is the narrowing.
    across = float(np.linalg.norm(matrix[:, 0]))
    assert least <= 1 / across <= most
    assert np.allclose(matrix @ [*turned[MID_HIP], 1], front[MID_HIP], atol=2)


def test_a_bowed_head_is_one_piece_and_turns_no_chest_with_it() -> None:
    _, masks, joints = drawn(2, SIZE)
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None
    upright = model.source.points[0]
    unit = model.widths.unit
    bowed = upright.copy()
    bowed[[0, 14, 15, 16, 17, HEAD], 1] += 0.55 * unit
    x, y = (np.array([[bowed[HEAD, k], bowed[5, k] - (k == 1) * 0.02 * unit]], np.float32)
            for k in (0, 1))  # fmt: skip
    assert head_weights(bowed, model.widths, x, y)[2][0, 0] > 0.95
    assert trunk_weights(bowed, model.widths, x, y)[2].max() < 0.2
    assert sum(head_weights(bowed, model.widths, x, y)) == pytest.approx(1)
    for head, trunk in zip(
        head_weights(upright, model.widths, x, y),
        trunk_weights(upright, model.widths, x, y),
        strict=True,
    ):
        assert np.array_equal(head, trunk)


def test_where_a_surface_ends_on_all_sides_it_does_not_go_on_in_between() -> None:
    _, masks, joints = drawn(2, SIZE)
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None
    seen = view(TRUNK, model.source.points[0], model.widths, SIZE)
    assert seen is not None
    column = round(float(model.source.points[0, 1, 0])) - seen.box[0]
    row = round(float(model.source.points[0, 1, 1] + 0.5 * model.widths.unit)) - seen.box[1]
    assert seen.expected[row, column] == 1
    known = np.ones_like(seen.x)
    known[row - 3 : row + 4] = 0
    assert goes_on(seen, known, known)[row, column] == 1
    assert goes_on(seen, 0 * known, known)[row, column] < 0.05


def test_what_stands_out_from_the_trunk_beside_an_arm_is_not_the_trunks() -> None:
    _, masks, joints = drawn(2, SIZE)
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None
    points, found = model.source.points[0], model.source.seen[0]
    # A flap of the matte under the arm, off the trunk.
    flap = masks[0].copy()
    shoulder, elbow = (points[k].astype(int) for k in (2, 3))
    across = np.array([(shoulder + elbow) // 2, elbow, points[8].astype(int)], np.int32)
    cv2.fillConvexPoly(flap, across, 255)
    evidence = gather(flap, points, found, model.widths)
    assert evidence is not None
    rows, columns = np.nonzero(evidence.own[TRUNK.name] > 128)
    x = (columns + 0.5) / evidence.scale[0] - 0.5 + evidence.origin[0]
    y = (rows + 0.5) / evidence.scale[1] - 0.5 + evidence.origin[1]
    away = bone_distance(points, BONE["shoulders"], model.widths,
                         x.astype(np.float32), y.astype(np.float32))  # fmt: skip
    arm = bone_distance(points, BONE["right_upper_arm"], model.widths,
                        x.astype(np.float32), y.astype(np.float32))  # fmt: skip
    assert not ((away > 1.15) & (arm < 1.1)).any()


def test_a_thigh_ends_round_above_the_hip() -> None:
    _, masks, joints = drawn(2, SIZE)
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None
    points = model.target.points[0]
    seen = view(RIGHT_LEG, points, model.target_widths, SIZE)
    assert seen is not None
    half = float(model.target_widths.at("thigh", np.array([0.0]))[0])
    along = (points[9] - points[8]) / np.linalg.norm(points[9] - points[8])
    across = np.array([-along[1], along[0]])

    def shown(up: float, aside: float) -> float:
        x, y = np.rint(points[8] + half * (aside * across - up * along)).astype(int)
        return float(seen.shown[y - seen.box[1], x - seen.box[0]])

    assert shown(0.9, 0) > 0.9
    assert shown(-0.5, 1.3) > 0.9
    assert shown(0.9, 1.3) < 0.1 and shown(0.9, -1.3) < 0.1


def test_a_folded_arm_does_not_lend_its_forearm_to_the_upper_arm() -> None:
    _, masks, joints = drawn(2, SIZE)
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None
    points = model.target.points[0]
    seen = view(RIGHT_ARM, points, model.target_widths, SIZE)
    assert seen is not None and seen.place is not None and seen.chain is not None
    forearm = np.full(seen.x.shape, LABELS.index("right_forearm"), np.uint8)
    beside = (seen.place.bone == 0) & (np.abs(seen.place.share(seen.chain) - 0.85) < 0.1)
    folded = points.copy()
    folded[4] = folded[2]
    assert seen.shows(forearm, points)[beside].all()
    assert not seen.shows(forearm, folded)[beside].any()


def test_hair_over_an_upper_arm_tells_nothing_about_it() -> None:
    clip, masks, joints = drawn(2, SIZE)
    model = model_person(joints, joints, masks.__getitem__, SIZE)
    assert model is not None
    points = model.source.points[0]
    frame = clip.read(0).copy()
    hair, unit = (20, 15, 15), SIZE[1] / 10
    head = tuple(int(v) for v in joints[0, 0])
    cv2.circle(frame, head, int(0.7 * unit), hair, -1)
    over = points[2] + 0.25 * (points[3] - points[2])
    bare = gather(masks[0], points, model.source.seen[0], model.widths, frame)
    cv2.circle(frame, tuple(int(v) for v in over), int(0.25 * unit), hair, -1)
    covered = gather(masks[0], points, model.source.seen[0], model.widths, frame)
    values = []
    for found in (bare, covered):
        assert found is not None
        place = (over - found.origin + 0.5) * found.scale - 0.5
        x, y = np.rint(place).astype(int)
        values.append(int(found.seen[RIGHT_ARM.name][y, x]))
    assert values[0] > 20 and values[1] < 5
