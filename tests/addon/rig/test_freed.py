"""What Blender frees while it is read, or before: none of it is touched.

`dev.py test` has freed memory filled, so that touching it ends the process.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mf_backend.contracts.errors import InputError
from motionfollower_addon.core.rig.bone_maps import require
from motionfollower_addon.core.rig.retiming import RetimePlan
from motionfollower_addon.host.compat import evaluated_depsgraph
from motionfollower_addon.host.rig.bones import detect_armature
from motionfollower_addon.host.rig.motion_sampler import RigSampler, sample

from .scenes import add_camera, look_at, metarig, open_scene, wave

SIZE = (512, 512)
PLAN = RetimePlan((1.0, 20.0, 40.0), "")


def sampler_of(bpy: Any, rig: Any, **more: Any) -> RigSampler:
    camera = add_camera(bpy)
    look_at(camera, (0, 0, 1), 5.0, 0.0)
    mapping = require(detect_armature(rig))
    return RigSampler(bpy.context.scene, rig, mapping, camera, PLAN, SIZE, **more)


def test_the_depsgraph_belongs_to_the_scene_that_is_open(empty_file: Any) -> None:
    bpy = empty_file
    # Rigify reads one of them, and many add-ons do; up to 4.3 the context never forgets whose.
    assert bpy.context.tool_settings is not None
    assert bpy.context.layer_collection is not None
    first = bpy.context.scene
    assert evaluated_depsgraph(bpy.context).id_data == first
    open_scene(bpy, bpy.data.scenes.new("Edit"))
    bpy.data.scenes.remove(first)
    for _ in range(3):
        rig = metarig(bpy)
        depsgraph = evaluated_depsgraph(bpy.context)
        assert depsgraph.id_data == bpy.context.scene
        assert rig.evaluated_get(depsgraph).original == rig
        bpy.ops.wm.read_factory_settings(use_empty=True)


@pytest.mark.parametrize("outline", [False, True])
def test_a_view_layer_removed_midway(empty_file: Any, outline: bool) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    scene = bpy.context.scene
    scene.frame_set(5)
    gone = scene.view_layers[0]
    name = gone.name
    scene.view_layers.new("Other")
    sampler = sampler_of(bpy, rig, outline=outline)
    sampler.step()
    scene.view_layers.remove(gone)
    with pytest.raises(InputError, match=f"view layer '{name}' was removed") as told:
        sampler.step()
    assert told.value.code == "view-layer-gone"
    assert scene.frame_current == 5
    # The other layer serves as well.
    assert np.isfinite(sample(sampler_of(bpy, rig))).any()


def test_a_slot_removed_midway(empty_file: Any) -> None:
    bpy = empty_file
    rig = metarig(bpy)
    other = wave(bpy, rig, ["upper_arm.L"], np.random.default_rng(0))
    own = wave(bpy, rig, ["thigh.L"], np.random.default_rng(1))
    data = rig.animation_data
    if not hasattr(data, "action_slot"):
        pytest.skip("this Blender's actions have no slots yet")
    sampler = sampler_of(bpy, rig, action=other)
    sampler.step()
    own.slots.remove(own.slots[0])
    sampler.close()
    assert data.action == own
    assert data.action_slot is None
