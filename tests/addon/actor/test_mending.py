"""Posing the actor rig and taking the pose as a correction, on a real job's actor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Quaternion

from mf_backend.contracts.conditions import JointState
from mf_backend.skeleton.joints import JOINT_INDEX
from motionfollower_addon.core.actor.rig.moved import moved

from .conftest import made

ELBOW, WRIST = JOINT_INDEX["left_elbow"], JOINT_INDEX["left_wrist"]


@pytest.fixture
def rig(shot: Any) -> Any:
    """The actor rig of the small shot, active."""
    shot.motionfollower.actor_blend = 1
    return made()


def bend(rig: Any, angle: float, bone: str = "forearm.L") -> None:
    """Turn a bone from the pose that it has now."""
    item = rig.pose.bones[bone]
    item.rotation_quaternion = item.rotation_quaternion @ Quaternion((1, 0, 0), angle)


def found() -> Any:
    """The actor as takes would get him now."""
    from motionfollower_addon.host.view import fitted_actor

    return fitted_actor.find(bpy.context)


def entries() -> list[Any]:
    path = found().mends / "joints.json"
    return list(json.loads(path.read_text(encoding="utf-8"))["corrections"])


def test_a_pose_becomes_the_actors_and_is_taken_away_again(shot: Any, rig: Any) -> None:
    before = found()
    shot.frame_set(12)
    bend(rig, 0.6)
    assert bpy.ops.motionfollower.actor_correct() == {"FINISHED"}
    (entry,) = entries()
    assert entry["frame"] == 2 and entry["blend"] == 1 and list(entry["joints"]) == ["left_wrist"]
    after = found()
    changed = np.linalg.norm(after.joints - before.joints, axis=-1) > 1e-3
    frames, joints = np.nonzero(changed)
    assert set(joints) == {WRIST} and set(frames) == {1, 2, 3}
    assert (after.states[[1, 2, 3], WRIST] == JointState.MENDED).all()
    place = after.joints[2, WRIST]
    assert np.allclose(place, entry["joints"]["left_wrist"], atol=1e-3)

    # The pose is keyed: it is still there after going away, and counts no second time.
    shot.frame_set(14)
    shot.frame_set(12)
    with pytest.raises(RuntimeError, match="No joint of the actor rig was moved"):
        bpy.ops.motionfollower.actor_correct()

    from motionfollower_addon.host.view import corrections

    (line,) = corrections.known(shot).lines
    assert line.text == "Frame 3: left wrist"
    assert bpy.ops.motionfollower.actor_uncorrect(name=line.id) == {"FINISHED"}
    assert np.array_equal(found().joints, before.joints, equal_nan=True)
    assert corrections.known(shot).lines == ()
    with pytest.raises(RuntimeError, match="taken away already"):
        bpy.ops.motionfollower.actor_uncorrect(name=line.id)


def test_a_rig_made_of_a_corrected_actor_has_the_correction(shot: Any, rig: Any) -> None:
    shot.frame_set(13)
    bend(rig, -0.5, "upper_arm.L")
    assert bpy.ops.motionfollower.actor_correct() == {"FINISHED"}
    assert set(entries()[0]["joints"]) == {"left_elbow", "left_wrist"}
    wanted = found().joints[3, [ELBOW, WRIST]]
    again = made()
    kept = np.array(again["motionfollower_actor_joints"]).reshape(-1, 60, 2)
    assert np.linalg.norm(kept[3, [ELBOW, WRIST]] - wanted, axis=-1).max() <= 0.5


def test_what_is_keyed_on_other_frames_counts(shot: Any, rig: Any) -> None:
    for frame in (11, 14):
        shot.frame_set(frame)
        bend(rig, 0.7)
        rig.pose.bones["forearm.L"].keyframe_insert("rotation_quaternion", frame=frame)
    # Outside of the clip what is keyed inside still counts.
    shot.frame_set(40)
    assert bpy.ops.motionfollower.actor_correct() == {"FINISHED"}
    assert [entry["frame"] for entry in entries()] == [1, 4]
    assert shot.frame_current == 40
    with pytest.raises(RuntimeError, match=r"Frame 40 is outside of the clip.*10 to 15"):
        bpy.ops.motionfollower.actor_correct()


def test_a_camera_that_went_elsewhere_changes_nothing(shot: Any, rig: Any) -> None:
    shot.camera.location.x += 0.4
    shot.frame_set(12)
    with pytest.raises(RuntimeError, match="No joint"):
        bpy.ops.motionfollower.actor_correct()


def test_what_is_no_rig_of_this_actor_is_said(shot: Any, rig: Any) -> None:
    bone = rig.data.bones["forearm.L"]
    bone.name = "My Arm"
    with pytest.raises(RuntimeError, match=r"has no bone named forearm\.L.*renamed or deleted"):
        bpy.ops.motionfollower.actor_correct()
    bone.name = "forearm.L"
    del rig["motionfollower_actor_joints"]
    with pytest.raises(RuntimeError, match="no longer says how it was made"):
        bpy.ops.motionfollower.actor_correct()
    mark = json.loads(rig["motionfollower_actor"])
    rig["motionfollower_actor"] = json.dumps({**mark, "clip": "/elsewhere/other.mp4"})
    with pytest.raises(RuntimeError, match="was made of another clip"):
        bpy.ops.motionfollower.actor_correct()
    rig["motionfollower_actor"] = "{"
    assert not bpy.ops.motionfollower.actor_correct.poll()
    assert not (found().mends / "joints.json").exists()


def test_only_what_was_meant_counts_as_moved() -> None:
    before = np.full((2, 60, 2), 100.0)
    now, actor = before.copy(), before.copy()
    actor[:, 18:39] = np.nan
    actor[0, 10] = np.nan
    now[0, 4] += [0.6, 0.6]  # less than a pixel of 512
    now[1, 5] += [30, 0]
    now[:, 20] += 50  # of a hand that nobody saw
    now[0, 10] = (600, 100)  # absent, and outside of the picture
    assert moved(now, before, actor, (512, 512)) == {1: {5: (130.0, 100.0)}}
    now[0, 10] = (300, 100)
    assert moved(now, before, actor, (512, 512))[0] == {10: (300.0, 100.0)}


def test_the_path_of_mends_lies_beside_the_file(shot: Any, rig: Any) -> None:
    home = Path(bpy.data.filepath).parent / "motionfollower" / "actors"
    assert found().mends.parent.parent == home
