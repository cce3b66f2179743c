"""What reading a motion leaves behind, plays and refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mf_backend.contracts.errors import InputError
from motionfollower_addon.core.rig.bone_maps import require
from motionfollower_addon.core.rig.mapping import Anchor
from motionfollower_addon.core.rig.retiming import RetimePlan
from motionfollower_addon.host.rig.bones import detect_armature
from motionfollower_addon.host.rig.motion_sampler import RigSampler, sample

from .scenes import add_camera, look_at, metarig, scene_state, wave

SIZE = (512, 512)


def test_everything_is_put_back(empty_file: Any) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    random = np.random.default_rng(0)
    other = wave(bpy, rig, ["forearm.R", "shin.L"], random)
    wave(bpy, rig, ["upper_arm.L", "thigh.R"], random)
    track = rig.animation_data.nla_tracks.new()
    track.strips.new("below", 1, other)
    rig.animation_data.action_influence = 0.5
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 5.0, 0.0)
    rig.hide_viewport = True
    scene = bpy.context.scene
    scene.frame_set(7, subframe=0.25)
    before = scene_state(bpy)
    mapping = require(detect_armature(rig))
    plan = RetimePlan(tuple(range(1, 21)), "")
    own = sample(RigSampler(scene, rig, mapping, camera, plan, SIZE))
    assert scene_state(bpy) == before
    alone = sample(RigSampler(scene, rig, mapping, camera, plan, SIZE, action=other))
    assert scene_state(bpy) == before
    assert np.nanmax(np.abs(own - alone)) > 2
    assert np.nanmax(np.abs(np.diff(alone, axis=0))) > 0.5, "the other action does not play"
    sampler = RigSampler(scene, rig, mapping, camera, plan, SIZE, action=other)
    sampler.step()
    sampler.close()
    sampler.close()
    assert scene_state(bpy) == before


def test_an_action_on_a_rig_without_animation(empty_file: Any) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    action = wave(bpy, rig, ["upper_arm.L"], np.random.default_rng(0))
    action.use_fake_user = True
    rig.animation_data_clear()
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 5.0, 0.0)
    plan = RetimePlan((1.0, 20.0, 40.0), "")
    mapping = require(detect_armature(rig))
    joints = sample(RigSampler(bpy.context.scene, rig, mapping, camera, plan, SIZE, action=action))
    assert np.nanmax(np.abs(np.diff(joints, axis=0))) > 0.5
    assert rig.animation_data is None


def test_slots(empty_file: Any) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    action = wave(bpy, rig, ["upper_arm.L"], np.random.default_rng(0))
    if not hasattr(action, "slots"):
        pytest.skip("this Blender's actions have no slots yet")
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 5.0, 0.0)
    mapping = require(detect_armature(rig))
    plan = RetimePlan((1.0, 20.0), "")
    name = action.slots[0].name_display
    for slot in (name, action.slots[0].identifier):
        sampler = RigSampler(
            bpy.context.scene, rig, mapping, camera, plan, SIZE, action=action, slot=slot
        )
        assert np.nanmax(np.abs(np.diff(sample(sampler), axis=0))) > 0.5
    before = scene_state(bpy)
    with pytest.raises(InputError, match="no slot 'nonesuch'"):
        RigSampler(
            bpy.context.scene, rig, mapping, camera, plan, SIZE, action=action, slot="nonesuch"
        )
    assert scene_state(bpy) == before


def test_an_action_without_a_slot_keeps_none(empty_file: Any) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    other = wave(bpy, rig, ["upper_arm.L"], np.random.default_rng(0))
    wave(bpy, rig, ["thigh.L"], np.random.default_rng(1))
    data = rig.animation_data
    if not hasattr(data, "action_slot"):
        pytest.skip("this Blender's actions have no slots yet")
    data.action_slot = None
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 5.0, 0.0)
    mapping = require(detect_armature(rig))
    plan = RetimePlan((1.0, 20.0), "")
    sample(RigSampler(bpy.context.scene, rig, mapping, camera, plan, SIZE, action=other))
    assert data.action is not None
    assert data.action_slot is None


def test_errors_are_sentences(empty_file: Any) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    camera = add_camera(bpy)
    scene = bpy.context.scene
    mapping = require(detect_armature(rig))
    plan = RetimePlan((1.0, 2.0), "")
    with pytest.raises(InputError, match="left knee"):
        RigSampler(scene, rig, mapping.with_joint("left_knee", None), camera, plan, SIZE)
    with pytest.raises(InputError, match="no bone named Knie"):
        RigSampler(scene, rig, mapping.with_joint("left_knee", Anchor("Knie")), camera, plan, SIZE)
    with pytest.raises(InputError, match="camera"):
        RigSampler(scene, rig, mapping, rig, plan, SIZE)
    with pytest.raises(InputError, match="armature"):
        RigSampler(scene, camera, mapping, camera, plan, SIZE)
    rig.data.pose_position = "REST"
    with pytest.raises(InputError, match="rest position"):
        RigSampler(scene, rig, mapping, camera, plan, SIZE)
    rig.data.pose_position = "POSE"
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(InputError, match="edit mode"):
        RigSampler(scene, rig, mapping, camera, plan, SIZE)
    bpy.ops.object.mode_set(mode="OBJECT")
    look_at(camera, (0, -30, 1), 5.0, np.pi)
    scene.frame_set(9)
    with pytest.raises(InputError, match="never sees the rig"):
        sample(RigSampler(scene, rig, mapping, camera, plan, SIZE))
    assert scene.frame_current == 9
    rig.users_collection[0].objects.unlink(rig)
    with pytest.raises(InputError, match="takes no part"):
        sample(RigSampler(scene, rig, mapping, camera, plan, SIZE))


@pytest.mark.parametrize("gone", ["armature", "camera"])
def test_something_removed_midway(empty_file: Any, gone: str) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    action = wave(bpy, rig, ["upper_arm.L"], np.random.default_rng(0))
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 5.0, 0.0)
    scene = bpy.context.scene
    scene.frame_set(5)
    plan = RetimePlan((1.0, 20.0, 40.0), "")
    mapping = require(detect_armature(rig))
    sampler = RigSampler(scene, rig, mapping, camera, plan, SIZE, action=action)
    sampler.step()
    bpy.data.objects.remove(rig if gone == "armature" else camera)
    with pytest.raises(InputError, match="was removed"):
        sampler.step()
    assert scene.frame_current == 5
