"""A body's armature, and how its vertices follow the bones."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from film.people import base

Array = NDArray[np.float32]
_FEW = 1e-3


def _end(where: dict[str, Any], vertices: Array) -> Array:
    """Head or tail of a bone, from the vertices that it is tied to."""
    kind = where["strategy"]
    if kind == "CUBE":
        return vertices[base.cubes()[where["cube_name"]]].mean(axis=0)
    if kind == "VERTEX":
        return vertices[where["vertex_index"]]
    return vertices[where["vertex_indices"]].mean(axis=0)


def make_armature(name: str, rig: str, vertices: Array) -> bpy.types.Object:
    """Add the armature of a rig to the scene, fitted to a body."""
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = base.rig(rig)
    edit = armature.data.edit_bones
    for bone_name, bone in bones.items():
        made = edit.new(bone_name)
        made.head = _end(bone["head"], vertices)
        made.tail = _end(bone["tail"], vertices)
        made.roll = bone["roll"]
    for bone_name, bone in bones.items():
        if bone["parent"]:
            edit[bone_name].parent = edit[bone["parent"]]
    bpy.ops.object.mode_set(mode="OBJECT")
    for pose_bone in armature.pose.bones:
        pose_bone.rotation_mode = "QUATERNION"
    return armature


def skin(
    part: bpy.types.Object, armature: bpy.types.Object, rig: str, came_from: NDArray[np.int64]
) -> None:
    """Let a mesh follow the bones; `came_from` [n] tells each vertex's number in the base mesh."""
    place = {int(number): index for index, number in enumerate(came_from)}
    for bone, rows in base.weights(rig).items():
        mine = [(place[v], w) for v, w in rows if v in place and w > _FEW]
        if mine:
            group = part.vertex_groups.new(name=bone)
            for index, weight in mine:
                group.add((index,), weight, "REPLACE")
    part.parent = armature
    follow = part.modifiers.new("Follow the bones", "ARMATURE")
    follow.object = armature
    follow.use_deform_preserve_volume = False
