"""The actor's motion as an armature, from a real job through the real backend."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
import pytest

from mf_backend.skeleton.joints import JOINT_INDEX
from motionfollower_addon.core.rig.retiming import RetimePlan
from motionfollower_addon.host.rig.bones import detect_armature
from motionfollower_addon.host.rig.motion_sampler import RigSampler, sample
from tests.addon.scenes import SIZE

_NECK = JOINT_INDEX["neck"]


@pytest.fixture
def fitted(scene: Any) -> Any:
    """The small shot, rendered once."""
    from motionfollower_addon.host.view import fit

    assert bpy.ops.motionfollower.render() == {"FINISHED"}
    fit.forget()
    return fit.fitted(scene)


def made(scene: Any) -> Any:
    """The actor rig that the button makes."""
    before = set(bpy.data.objects)
    assert bpy.ops.motionfollower.actor_rig() == {"FINISHED"}
    (armature,) = set(bpy.data.objects) - before
    return armature


def test_the_rig_is_the_actors_skeleton_again(scene: Any, fitted: Any) -> None:
    armature = made(scene)
    found = detect_armature(armature)
    assert found.mapping.family == "rigify_metarig" and found.score == 1.0
    action = armature.animation_data.action
    assert action.name == "clip", "named after the clip"
    # The strip shows the clip from scene frame 10.
    assert tuple(action.frame_range) == (10.0, 15.0)
    plan = RetimePlan(tuple(range(10, 16)), "")
    joints = sample(RigSampler(scene, armature, found.mapping, scene.camera, plan, SIZE))
    source = fitted.conditions.source_joints
    both = np.isfinite(source) & np.isfinite(joints)
    limbs = slice(2, 14)
    assert np.isfinite(source[:, limbs]).mean() > 0.7
    assert np.array_equal(both[:, limbs], np.isfinite(source[:, limbs]))
    off = np.linalg.norm(np.where(both, joints - source, 0), axis=-1)
    off[:, _NECK] = 0
    assert off.max() <= 0.5
    for bone in armature.pose.bones:
        if bone.name != "spine":
            assert tuple(bone.location) == (0, 0, 0) and tuple(bone.scale) == (1, 1, 1)


def test_the_motion_to_follow_stays_the_users_own(scene: Any, fitted: Any) -> None:
    from motionfollower_addon.host.rig.lookup import find_armature

    armature = made(scene)
    assert find_armature(scene, "").name == "Rig"
    assert find_armature(scene, armature.name) == armature
    second = made(scene)
    assert second != armature and armature.name in bpy.data.objects, "nothing is overwritten"


def test_a_clip_of_another_rate_keeps_its_times(scene: Any, fitted: Any) -> None:
    settings = scene.motionfollower
    strip = (
        scene.sequence_editor.strips_all
        if hasattr(scene.sequence_editor, "strips_all")
        else scene.sequence_editor.sequences_all
    )
    clip = bpy.path.abspath(strip["footage"].directory)
    settings.source, settings.clip, settings.fps = "FILE", clip, 12.0
    assert bpy.ops.motionfollower.render() == {"FINISHED"}
    from motionfollower_addon.host.view import fit

    fit.forget()
    armature = made(scene)
    first, last = armature.animation_data.action.frame_range
    assert (first, last) == (1.0, 1.0 + 2.0 * (fit.fitted(scene).conditions.count - 1))


def test_what_cannot_be_made_is_said(scene: Any) -> None:
    with pytest.raises(RuntimeError, match="was not looked for yet"):
        bpy.ops.motionfollower.actor_rig()


def test_a_camera_without_a_lens_is_refused(scene: Any, fitted: Any) -> None:
    scene.camera.data.type = "ORTHO"
    with pytest.raises(RuntimeError, match="is orthographic and tells nothing of distances"):
        bpy.ops.motionfollower.actor_rig()
    scene.camera.data.type = "PANO"
    with pytest.raises(RuntimeError, match="is panoramic"):
        bpy.ops.motionfollower.actor_rig()
    assert len(bpy.data.armatures) == 1, "nothing half made stays"
