"""The user's own bone list: made from what was detected, edited, mirrored, saved and loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bpy
import pytest


@pytest.fixture
def rig(scene: Any) -> Any:
    """The scene's rig, with a list of its own."""
    assert bpy.ops.motionfollower.bones_edit() == {"FINISHED"}
    return bpy.data.objects["Rig"]


def bone_of(rig: Any, joint: str) -> str:
    """The bone of a joint in the list."""
    return next(row.bone for row in rig.motionfollower_bones if row.joint == joint)


def put(rig: Any, joint: str, bone: str) -> None:
    """Choose a bone for a joint."""
    next(row for row in rig.motionfollower_bones if row.joint == joint).bone = bone


def test_the_list_starts_with_what_was_detected(rig: Any) -> None:
    assert bone_of(rig, "left_elbow") == "LeftForeArm"
    assert bone_of(rig, "left_hand_index_1") == ""


def test_the_list_is_what_counts(rig: Any) -> None:
    put(rig, "left_elbow", "")
    with pytest.raises(RuntimeError, match="has no bone for left elbow"):
        bpy.ops.motionfollower.render()
    put(rig, "left_elbow", "LeftForeArm")
    assert bpy.ops.motionfollower.render() == {"FINISHED"}


def test_mirroring_fills_the_other_side(rig: Any) -> None:
    for joint in ("right_elbow", "right_knee"):
        put(rig, joint, "")
    bpy.ops.motionfollower.bones_mirror(source="left")
    assert bone_of(rig, "right_elbow") == "RightForeArm"
    assert bone_of(rig, "right_knee") == "RightLeg"


def test_saved_lists_load_again(rig: Any, odd_path: Path) -> None:
    put(rig, "left_wrist", "LeftForeArm")
    path = odd_path / "böne list.json"
    bpy.ops.motionfollower.bones_save(filepath=str(path))
    assert json.loads(path.read_text(encoding="utf-8"))["joints"]["left_wrist"]
    bpy.ops.motionfollower.bones_clear()
    assert not len(rig.motionfollower_bones)

    bpy.ops.motionfollower.bones_load(filepath=str(path))
    assert bone_of(rig, "left_wrist") == "LeftForeArm"

    rig.data.bones["LeftForeArm"].name = "renamed"
    bpy.ops.motionfollower.bones_load(filepath=str(path))
    assert bone_of(rig, "left_wrist") == ""


def test_a_damaged_list_is_refused(rig: Any, odd_path: Path) -> None:
    path = odd_path / "x.json"
    path.write_text("{", encoding="utf-8")
    before = bone_of(rig, "left_elbow")
    with pytest.raises(RuntimeError, match="cannot be read"):
        bpy.ops.motionfollower.bones_load(filepath=str(path))
    assert bone_of(rig, "left_elbow") == before
