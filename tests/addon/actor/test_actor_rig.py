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

from .conftest import made

_NECK = JOINT_INDEX["neck"]


def test_the_rig_is_the_actors_skeleton_again(shot: Any, fitted: Any) -> None:
    armature = made()
    found = detect_armature(armature)
    assert found.mapping.family == "rigify_metarig" and found.score == 1.0
    action = armature.animation_data.action
    assert action.name == "clip", "named after the clip"
    # The strip shows the clip from scene frame 10.
    assert tuple(action.frame_range) == (10.0, 15.0)
    plan = RetimePlan(tuple(range(10, 16)), "")
    joints = sample(RigSampler(shot, armature, found.mapping, shot.camera, plan, SIZE))
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


def test_the_motion_to_follow_stays_the_users_own(shot: Any, fitted: Any) -> None:
    from motionfollower_addon.host.rig.lookup import find_armature

    armature = made()
    assert find_armature(shot, "").name == "Rig"
    assert find_armature(shot, armature.name) == armature
    second = made()
    assert second != armature and armature.name in bpy.data.objects, "nothing is overwritten"


def test_the_keys_lie_where_the_strip_shows_the_clip(shot: Any, fitted: Any) -> None:
    strips = (
        shot.sequence_editor.strips_all
        if hasattr(shot.sequence_editor, "strips_all")
        else shot.sequence_editor.sequences_all
    )
    strips["footage"].frame_start = 31
    assert tuple(made().animation_data.action.frame_range) == (31.0, 36.0)
    settings = shot.motionfollower
    settings.source, settings.clip = "FILE", bpy.path.abspath(strips["footage"].directory)
    # The job took the clip at the scene's rate; the scene was changed since.
    shot.render.fps, shot.frame_start = 48, 5
    assert tuple(made().animation_data.action.frame_range) == (5.0, 15.0)


def test_what_cannot_be_made_is_said(shot: Any) -> None:
    from motionfollower_addon.host.view import fit

    bpy.ops.wm.read_factory_settings(use_empty=True)
    fit.forget()
    with pytest.raises(RuntimeError, match="was not looked for yet"):
        bpy.ops.motionfollower.actor_rig()


def test_a_camera_without_a_lens_is_refused(shot: Any, fitted: Any) -> None:
    shot.camera.data.type = "ORTHO"
    with pytest.raises(RuntimeError, match="is orthographic and tells nothing of distances"):
        bpy.ops.motionfollower.actor_rig()
    shot.camera.data.type = "PANO"
    with pytest.raises(RuntimeError, match="is panoramic"):
        bpy.ops.motionfollower.actor_rig()
    assert len(bpy.data.armatures) == 1, "nothing half made stays"
