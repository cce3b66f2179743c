"""Makes an armature of a lifted actor, with his motion as an action on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...core.actor.rig.bones import BONES, ROOT
from ...core.actor.rig.posing import Posed, quaternions, root_locations
from .. import compat

_LINEAR = 1
"""Straight interpolation, as Blender numbers it."""


def add_armature(context: Any, name: str, posed: Posed) -> Any:
    """An armature object with the bones of a lifted actor at rest, chosen and active.

    Blender makes bones in edit mode only, so whatever is being edited is left first.
    """
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    context.scene.collection.objects.link(armature)
    for item in context.view_layer.objects.selected:
        item.select_set(False)
    context.view_layer.objects.active = armature
    armature.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in BONES:
        made = data.edit_bones.new(bone.name)
        made.head, made.tail = posed.rest[bone.name]
        made.use_deform = not bone.still
        if bone.parent:
            made.parent = data.edit_bones[bone.parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    for pose_bone in armature.pose.bones:
        pose_bone.rotation_mode = "QUATERNION"
        pose_bone.lock_location = (pose_bone.name != ROOT,) * 3
    data.display_type = "STICK"
    armature.show_in_front = True
    return armature


def key_motion(armature: Any, name: str, posed: Posed, frames: Sequence[float]) -> Any:
    """An action called `name` with keys on every frame, set on the armature."""
    bones = armature.data.bones
    axes = {bone.name: np.array(bones[bone.name].matrix_local.to_3x3()) for bone in BONES}
    action = bpy.data.actions.new(name)
    animation = armature.animation_data_create()
    curves = compat.new_curves(action, armature)
    animation.action = action
    compat.use_only_slot(animation, action)
    times = np.array(frames, np.float64)
    for bone_name, values in quaternions(posed, axes).items():
        _key(curves, bone_name, "rotation_quaternion", times, values)
    _key(curves, ROOT, "location", times, root_locations(posed, axes))
    return action


def _key(
    curves: Any,
    bone: str,
    what: str,
    times: NDArray[np.float64],
    values: NDArray[np.float64],
) -> None:
    path = f'pose.bones["{bone}"].{what}'
    for index in range(values.shape[1]):
        curve = curves(path, index, bone)
        curve.keyframe_points.add(len(times))
        places = np.stack([times, values[:, index]], axis=1).astype(np.float32)
        curve.keyframe_points.foreach_set("co", places.ravel())
        straight = np.full(len(times), _LINEAR, np.int32)
        curve.keyframe_points.foreach_set("interpolation", straight)
        curve.update()
