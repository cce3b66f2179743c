"""A person made from Blender's own tools: Rigify's human armature with a body grown around it."""

from __future__ import annotations

import addon_utils
import bpy
from mathutils import Vector

from demo import body as shape
from demo.clothes import PARTS, Look, dress, face, material


def make_figure(name: str, look: Look) -> bpy.types.Object:
    """Add an armature with a skinned body to the current scene; returns the armature object.

    The body is one mesh: ellipsoids along the bones, merged by a voxel remesh, weighted by
    Blender's automatic weights.
    """
    addon_utils.enable("rigify", default_set=True)
    bpy.ops.object.armature_human_metarig_add()
    armature = bpy.context.object
    armature.name = armature.data.name = name
    for bone in armature.data.bones:
        bone.use_deform = bone.name.startswith(shape.BODY_BONES)
    body = shape.grow(armature, shape.BODY, 0.012, head=True)
    hands = shape.grow(armature, shape.HANDS, 0.0055, head=False)
    for part in (body, hands):
        dress(part, armature, look)
    parts = [body, hands, *(face(armature, look) if look.face else [])]
    bpy.ops.object.select_all(action="DESELECT")
    for part in parts:
        part.select_set(True)
    bpy.context.view_layer.objects.active = body
    bpy.ops.object.join()
    body.name = body.data.name = f"{name} body"
    armature.select_set(True)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.parent_set(type="ARMATURE_AUTO")
    _add_leg_controls(armature)
    return armature


def dress_copy(armature: bpy.types.Object, name: str, look: Look) -> bpy.types.Object:
    """A copy of the figure in the current scene that wears another look."""
    copy = armature.copy()
    copy.data = armature.data.copy()
    copy.name = copy.data.name = name
    copy.animation_data_clear()
    bpy.context.collection.objects.link(copy)
    for child in armature.children:
        body = child.copy()
        body.data = child.data.copy()
        body.name = body.data.name = f"{name} body"
        body.parent = copy
        for modifier in body.modifiers:
            if modifier.type == "ARMATURE":
                modifier.object = copy
        for index, part in enumerate(PARTS):
            body.data.materials[index] = material(getattr(look, part))
        bpy.context.collection.objects.link(body)
    for bone in copy.pose.bones:
        for constraint in bone.constraints:
            if getattr(constraint, "target", None) == armature:
                constraint.target = copy
            if getattr(constraint, "pole_target", None) == armature:
                constraint.pole_target = copy
    return copy


def _add_leg_controls(armature: bpy.types.Object) -> None:
    """Inverse kinematics for the legs: foot_ik.L/R carries the foot, knee_ik.L/R aims the knee."""
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = armature.data.edit_bones
    for side in ("L", "R"):
        foot = bones[f"foot.{side}"]
        control = bones.new(f"foot_ik.{side}")
        control.head, control.tail, control.roll = foot.head, foot.tail, foot.roll
        knee = bones.new(f"knee_ik.{side}")
        knee.head = bones[f"shin.{side}"].head + Vector((0, -0.5, 0))
        knee.tail = knee.head + Vector((0, -0.1, 0))
        control.use_deform = knee.use_deform = False
    bpy.ops.object.mode_set(mode="OBJECT")
    for side in ("L", "R"):
        chain = armature.pose.bones[f"shin.{side}"].constraints.new("IK")
        chain.target = chain.pole_target = armature
        chain.subtarget, chain.pole_subtarget = f"foot_ik.{side}", f"knee_ik.{side}"
        chain.pole_angle = -1.5707963
        chain.chain_count = 2
        flat = armature.pose.bones[f"foot.{side}"].constraints.new("COPY_ROTATION")
        flat.target, flat.subtarget = armature, f"foot_ik.{side}"
