"""What is looked at before a render follows what is chosen, and says when it is old."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from motionfollower_addon.host.rig.motion_sampler import go_to_frame
from motionfollower_addon.host.view import overlay, staleness
from tests.addon.panels.test_sections import drawn
from tests.addon.scenes import add_action, add_rig


@pytest.fixture
def fitted(scene: Any) -> Any:
    """A scene whose actor a render has fitted the motion to, at the motion's third frame."""
    bpy.ops.motionfollower.render()
    scene.frame_set(3)
    return scene


def test_nothing_changed_since(fitted: Any) -> None:
    assert staleness.changed_since(fitted) == ""
    fitted.frame_set(5)
    assert staleness.changed_since(fitted) == ""


def test_a_pose_that_changed_since(fitted: Any) -> None:
    rig = fitted.objects["Rig"]
    bone = rig.pose.bones["LeftArm"]
    before = tuple(bone.rotation_euler)
    bone.rotation_euler = (0.9, 0.5, 0.9)
    bone.keyframe_insert("rotation_euler", frame=3)
    fitted.frame_set(3)
    assert "before the pose changed" in staleness.changed_since(fitted)
    assert "before the pose changed" in drawn(fitted, "fit").text
    bone.rotation_euler = before
    bone.keyframe_insert("rotation_euler", frame=3)
    fitted.frame_set(3)
    assert staleness.changed_since(fitted) == ""


def test_a_camera_that_moved_since(fitted: Any) -> None:
    fitted.camera.location.x += 0.4
    bpy.context.view_layer.update()
    assert "camera" in staleness.changed_since(fitted)


def test_another_rig_or_other_footage_is_chosen_since(fitted: Any, odd_path: Path) -> None:
    other = add_rig(fitted, "Öther")
    fitted.motionfollower.armature = other
    assert staleness.changed_since(fitted) == "Made with the rig Rig, not Öther."
    fitted.motionfollower.armature = None
    bpy.data.objects.remove(other)

    shutil.copytree(odd_path / "footage" / "clip", odd_path / "another")
    fitted.motionfollower.source = "FILE"
    fitted.motionfollower.clip = str(odd_path / "another")
    assert "other footage" in staleness.changed_since(fitted)
    fitted.motionfollower.clip = str(odd_path / "footage" / "clip")
    assert staleness.changed_since(fitted) == ""


def test_the_live_skeleton_follows_the_chosen_action(scene: Any, session: Any) -> None:
    """Another action than the one that plays is shown, and the scene stays as it is."""
    rig = scene.objects["Rig"]
    played = rig.animation_data.action
    chosen = add_action(rig, "Chösen", 6, lift=-0.7)
    rig.animation_data.action = played
    scene.frame_set(2, subframe=0.5)
    layer = scene.view_layers[0]
    loose = rig.pose.bones["Head"]
    loose.rotation_euler = (0.0, 0.0, 0.3)  # posed and not keyed
    layer.update()

    shown = overlay.current()
    assert shown is not None
    settings = scene.motionfollower
    before = shown.rig.read(scene, settings, layer.depsgraph)
    settings.action = chosen
    follows = shown.rig.read(scene, settings, layer.depsgraph)
    assert before is not None and follows is not None
    assert rig.animation_data.action == played
    assert scene.frame_current_final == 2.5
    assert tuple(loose.rotation_euler) == pytest.approx((0.0, 0.0, 0.3))

    # The same as if the action were played.
    rig.animation_data.action = chosen
    go_to_frame(scene, layer, 2.5)
    settings.action = None
    shown.rig.changes += 1
    wanted = shown.rig.read(scene, settings, layer.depsgraph)
    assert wanted is not None
    np.testing.assert_allclose(follows.joints, wanted.joints, atol=1e-5)
    assert np.nanmax(np.abs(follows.joints - before.joints)) > 0.05

    # Its keys may be edited while it is looked at.
    rig.animation_data.action = played
    settings.action = chosen
    for curve in _curves(chosen):
        for point in curve.keyframe_points:
            point.co.y *= 0.5
    edited = shown.rig.read(scene, settings, layer.depsgraph)
    assert edited is not None
    assert np.nanmax(np.abs(edited.joints - follows.joints)) > 0.005


def _curves(action: Any) -> list[Any]:
    from motionfollower_addon.host import compat

    return compat.fcurves(action)
