"""Small scenes for the rig tests, made with Blender's own tools."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np


def enable_rigify() -> None:
    """Switch Rigify on, also where it is an extension's neighbour."""
    import addon_utils

    addon_utils.enable("rigify", default_set=True)


def metarig(bpy: Any) -> Any:
    """Rigify's human meta rig."""
    enable_rigify()
    bpy.ops.object.armature_human_metarig_add()
    return bpy.context.object


def generated_rig(bpy: Any) -> Any:
    """The rig that Rigify generates from its human meta rig (arms and legs on FK)."""
    meta = metarig(bpy)
    bpy.ops.pose.rigify_generate()
    rig = next(o for o in bpy.data.objects if o.type == "ARMATURE" and o is not meta)
    bpy.data.objects.remove(meta)
    for bone in rig.pose.bones:
        if "IK_FK" in bone:
            bone["IK_FK"] = 1.0
    return rig


def import_bvh(bpy: Any, path: Path) -> Any:
    """An armature with the motion of a BVH file."""
    bpy.ops.import_anim.bvh(filepath=str(path), frame_start=1)
    return bpy.context.object


def build(bpy: Any, bones: dict[str, tuple[str, Any, Any]]) -> Any:
    """An armature from bone names to (parent or "", head, tail)."""
    armature = bpy.data.armatures.new("Rig")
    rig = bpy.data.objects.new("Rig", armature)
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (_, head, tail) in bones.items():
        bone = armature.edit_bones.new(name)
        bone.head, bone.tail = head, tail
    for name, (parent, _, _) in bones.items():
        if parent:
            armature.edit_bones[name].parent = armature.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def mpfb(bpy: Any, path: Path) -> Any:
    """A rig of MPFB in its default place."""
    data = json.loads(path.read_text(encoding="utf-8"))
    bones = data.get("bones", data)
    return build(
        bpy,
        {
            name: (
                bone["parent"],
                bone["head"]["default_position"],
                bone["tail"]["default_position"],
            )
            for name, bone in bones.items()
        },
    )


def smpl(bpy: Any, path: Path) -> Any:
    """A SMPL-X rig from its joints (y up, as its file has them): no bone's tail means anything."""
    with np.load(path) as data:
        names, parents = data["joint_names"].tolist(), data["parents"].tolist()
        places = data["skin_source_joint_positions"].astype(float)
    heads = np.stack([places[:, 0], -places[:, 2], places[:, 1]], axis=1)
    up = np.array([0, 0, 0.03])
    return build(
        bpy,
        {
            name: (names[parent] if parent >= 0 else "", head, head + up)
            for name, parent, head in zip(names, parents, heads, strict=True)
        },
    )


def open_scene(bpy: Any, scene: Any) -> None:
    """Have the window show another scene.

    The window is the window manager's: `bpy.context.window` may belong to a scene that is gone
    (see compat.evaluated_depsgraph), and Blender then marks freed memory as changed.
    """
    bpy.context.window_manager.windows[0].scene = scene


def renew_context(bpy: Any) -> None:
    """Have `bpy.context` belong to the open scene, where it belongs to one that is gone.

    Rigify's generator makes it belong to its scene up to 4.3 (see compat.evaluated_depsgraph), and
    Blender's own importers write through `bpy.context.window`: do this before they run.
    """
    assert bpy.context.layer_collection is not None


def add_camera(bpy: Any, name: str = "Camera") -> Any:
    """A camera in the current scene, made active."""
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    return camera


def look_at(camera: Any, target: Any, distance: float, turn: float, lift: float = 0.1) -> None:
    """Put a camera around a point, `turn` radians from the front (-Y), looking at it."""
    from mathutils import Vector

    offset = Vector((math.sin(turn), -math.cos(turn), lift)) * distance
    camera.location = Vector(target) + offset
    camera.rotation_mode = "QUATERNION"
    camera.rotation_quaternion = (-offset).to_track_quat("-Z", "Y")


def wave(bpy: Any, armature: Any, bones: list[str], random: np.random.Generator) -> Any:
    """A new action that turns `bones` at random; gives it."""
    if armature.animation_data is None:
        armature.animation_data_create()
    armature.animation_data.action = bpy.data.actions.new("wave")
    for name in bones:
        bone = armature.pose.bones[name]
        bone.rotation_mode = "XYZ"
        for frame in (1, 20, 40, 60):
            bone.rotation_euler = random.uniform(-0.6, 0.6, 3)
            bone.keyframe_insert("rotation_euler", frame=frame)
    return armature.animation_data.action


def scene_state(bpy: Any) -> tuple[Any, ...]:
    """What sampling must leave as it was."""
    scene = bpy.context.scene
    state: list[Any] = [scene.frame_current, round(scene.frame_subframe, 6)]
    for item in sorted(scene.objects, key=lambda o: o.name):
        state.append((item.name, item.hide_viewport, tuple(map(tuple, item.matrix_basis))))
        data = item.animation_data
        if data is not None:
            slot = getattr(data, "action_slot", None)
            state.append(
                (data.action, slot and slot.identifier, data.use_nla, data.action_influence)
            )
        if item.type == "ARMATURE":
            state += [tuple(map(tuple, bone.matrix_basis)) for bone in item.pose.bones]
    return tuple(state)
