"""A person made from Blender's own tools: Rigify's human armature with a body grown around it."""

from __future__ import annotations

from dataclasses import dataclass

import addon_utils
import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector

_PARTS = ("skin", "hair", "top", "trousers", "shoes")
# Bones that carry the body. The armature's many face bones would only pull at the skin.
_BODY_BONES = (
    "spine", "shoulder", "upper_arm", "forearm", "hand", "palm", "thumb", "f_", "thigh", "shin",
    "foot", "toe",
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """Colours of one figure, linear RGB."""

    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    top: tuple[float, float, float]
    trousers: tuple[float, float, float]
    shoes: tuple[float, float, float]
    face: bool = True


ACTOR = Look(
    skin=(0.95, 0.60, 0.45),
    hair=(0.045, 0.025, 0.018),
    top=(0.75, 0.13, 0.08),
    trousers=(0.07, 0.13, 0.32),
    shoes=(0.30, 0.30, 0.30),
)
MANNEQUIN = Look(
    skin=(0.30, 0.55, 0.60),
    hair=(0.30, 0.55, 0.60),
    top=(0.22, 0.42, 0.50),
    trousers=(0.16, 0.30, 0.38),
    shoes=(0.10, 0.20, 0.25),
    face=False,
)

# bone: (radius at its head, at its tail, depth of the cross-section relative to its width), metres
_THICKNESS = {
    "spine": (0.178, 0.162, 0.70), "spine.001": (0.162, 0.148, 0.70),
    "spine.002": (0.148, 0.165, 0.70), "spine.003": (0.165, 0.080, 0.70),
    "spine.004": (0.062, 0.057, 1.0), "spine.005": (0.057, 0.056, 1.0),
    "shoulder": (0.066, 0.074, 1.0), "upper_arm": (0.068, 0.048, 1.0),
    "forearm": (0.048, 0.032, 1.0), "thigh": (0.088, 0.066, 1.0), "shin": (0.066, 0.044, 1.0),
    "foot": (0.052, 0.044, 1.0), "toe": (0.044, 0.034, 1.0),
}  # fmt: skip
_HAND_THICKNESS = {
    "forearm": (0.028, 0.027, 1.0), "hand": (0.028, 0.024, 1.0), "palm": (0.016, 0.013, 1.0),
    "thumb": (0.014, 0.010, 1.0), "f_": (0.011, 0.009, 1.0),
}  # fmt: skip


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
        bone.use_deform = bone.name.startswith(_BODY_BONES)
    body = _grow(armature, _THICKNESS, 0.012, head=True)
    hands = _grow(armature, _HAND_THICKNESS, 0.0055, head=False)
    for part in (body, hands):
        _colour(part, armature, look)
    parts = [body, hands, *(_face(armature, look) if look.face else [])]
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
        for index, part in enumerate(_PARTS):
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


def _base_name(bone: bpy.types.Bone) -> str:
    return bone.name.removesuffix(".L").removesuffix(".R")


def _thickness(bone: bpy.types.Bone, table: dict[str, tuple[float, float, float]]):
    """Entry of the table for this bone: by its whole name, else by a prefix for numbered ones."""
    name = _base_name(bone)
    if name in table:
        return table[name]
    return next(
        (table[key] for key in ("palm", "thumb", "f_") if key in table and name.startswith(key)),
        None,
    )


def _grow(armature: bpy.types.Object, table, voxel: float, head: bool) -> bpy.types.Object:
    """One smooth closed mesh around the bones in `table`, in the armature's rest pose."""
    mesh = bmesh.new()
    for bone in armature.data.bones:
        thickness = _thickness(bone, table)
        if thickness is None:
            continue
        start, end = bone.head_local.copy(), bone.tail_local.copy()
        if "palm" in table and bone.name.startswith("forearm"):
            start = start.lerp(end, 0.88)  # a cuff that closes the wrist
        wide, narrow, depth = thickness
        count = max(2, int((end - start).length / (min(wide, narrow) * 0.3)))
        for step in range(count + 1):
            t = step / count
            radius = wide + (narrow - wide) * t
            place = Matrix.Translation(start.lerp(end, t))
            bmesh.ops.create_icosphere(
                mesh,
                subdivisions=2,
                radius=radius,
                matrix=place @ Matrix.Diagonal((1, depth, 1, 1)),
            )
    if head:
        _add_head(mesh, armature)
    data = bpy.data.meshes.new("part")
    mesh.to_mesh(data)
    mesh.free()
    part = bpy.data.objects.new("part", data)
    bpy.context.collection.objects.link(part)
    remesh = part.modifiers.new("Remesh", "REMESH")
    remesh.mode, remesh.voxel_size, remesh.use_smooth_shade = "VOXEL", voxel, True
    smooth = part.modifiers.new("Smooth", "SMOOTH")
    smooth.factor, smooth.iterations = 0.5, 8 if head else 2
    depsgraph = bpy.context.evaluated_depsgraph_get()
    part.data = bpy.data.meshes.new_from_object(part.evaluated_get(depsgraph))
    part.modifiers.clear()
    return part


def _add_head(mesh: bmesh.types.BMesh, armature: bpy.types.Object) -> None:
    """Skull, jaw, nose and ears, sized for the armature's head bone."""
    bone = armature.data.bones["spine.006"]
    base, length = bone.head_local, bone.length
    pieces = (
        ((0.0, -0.020, 0.60), (0.092, 0.108, 0.114)),  # skull
        ((0.0, -0.048, 0.22), (0.066, 0.068, 0.082)),  # jaw
        ((0.0, -0.126, 0.42), (0.013, 0.022, 0.020)),  # nose
        ((0.092, 0.000, 0.46), (0.012, 0.022, 0.034)),  # ears
        ((-0.092, 0.000, 0.46), (0.012, 0.022, 0.034)),
    )
    for (x, y, up), radii in pieces:
        place = Matrix.Translation(base + Vector((x, y, up * length)))
        bmesh.ops.create_icosphere(
            mesh, subdivisions=3, radius=1.0, matrix=place @ Matrix.Diagonal((*radii, 1))
        )


def _face(armature: bpy.types.Object, look: Look) -> list[bpy.types.Object]:
    """Eyes, brows and a mouth: small flat ellipsoids on the front of the head."""
    bone = armature.data.bones["spine.006"]
    white, dark, red = (0.8, 0.8, 0.8), look.hair, (0.42, 0.09, 0.09)
    marks = [((0.0, -0.113, 0.23), (0.024, 0.007, 0.007), red)]
    for side in (-1, 1):
        marks += [
            ((side * 0.033, -0.117, 0.53), (0.015, 0.006, 0.008), white),
            ((side * 0.033, -0.121, 0.53), (0.0075, 0.005, 0.0075), dark),
            ((side * 0.034, -0.121, 0.64), (0.020, 0.005, 0.004), dark),
        ]
    objects = []
    for (x, y, up), radii, colour in marks:
        mesh = bmesh.new()
        place = Matrix.Translation(bone.head_local + Vector((x, y, up * bone.length)))
        bmesh.ops.create_icosphere(
            mesh, subdivisions=3, radius=1.0, matrix=place @ Matrix.Diagonal((*radii, 1))
        )
        data = bpy.data.meshes.new("mark")
        mesh.to_mesh(data)
        mesh.free()
        data.materials.append(material(colour))
        objects.append(bpy.data.objects.new("mark", data))
        bpy.context.collection.objects.link(objects[-1])
    return objects


def material(colour: tuple[float, float, float]) -> bpy.types.Material:
    """A material of this colour, shared by all that ask for it (Workbench draws its own colour)."""
    name = "Colour {:.3f} {:.3f} {:.3f}".format(*colour)
    found = bpy.data.materials.get(name) or bpy.data.materials.new(name)
    found.diffuse_color = (*colour, 1.0)
    found.roughness = 0.7
    return found


def _colour(part: bpy.types.Object, armature: bpy.types.Object, look: Look) -> None:
    """Give each face the clothes' or skin's colour, by the bone whose surface is nearest."""
    names = _PARTS
    for name in names:
        part.data.materials.append(material(getattr(look, name)))
    centres = np.empty(len(part.data.polygons) * 3, np.float32)
    part.data.polygons.foreach_get("center", centres)
    centres = centres.reshape(-1, 3)
    bones = [bone for bone in armature.data.bones if bone.use_deform]
    distance = np.stack([_distance(bone, centres) for bone in bones])
    nearest = distance.argmin(axis=0)
    kind = np.array([names.index(_wears(_base_name(bone))) for bone in bones])[nearest]
    head = armature.data.bones["spine.006"]
    on_head = np.array([bone.name == "spine.006" for bone in bones])[nearest]
    local = centres - np.array(head.head_local, np.float32)
    up = local[:, 2] / head.length
    hair = (up > 0.80) | ((local[:, 1] > -0.035) & (up > 0.05) & (np.abs(local[:, 0]) < 0.095))
    kind[on_head & hair] = names.index("hair")
    # A straight waistband, shoes up to the ankle, sleeves that end above the elbow.
    top, trousers, shoes = (names.index(name) for name in ("top", "trousers", "shoes"))
    on_torso = np.abs(centres[:, 0]) < 0.25
    kind[(kind == top) & on_torso & (centres[:, 2] < 1.05)] = trousers
    kind[(kind == trousers) & (centres[:, 2] >= 1.05)] = top
    kind[(kind == shoes) & (centres[:, 2] > 0.11)] = trousers
    for index, bone in enumerate(bones):
        if bone.name.startswith("upper_arm"):
            along = (centres - np.array(bone.head_local)) @ np.array(bone.vector) / bone.length**2
            kind[(nearest == index) & (along > 0.62)] = names.index("skin")
    part.data.polygons.foreach_set("material_index", kind.astype(np.int32))


def _wears(bone: str) -> str:
    if bone.startswith(("thigh", "shin")):
        return "trousers"
    if bone.startswith(("foot", "toe")):
        return "shoes"
    if bone.startswith(("shoulder", "upper_arm")) or bone in _TORSO:
        return "top"
    return "skin"


_TORSO = ("spine", "spine.001", "spine.002", "spine.003")


def _distance(bone: bpy.types.Bone, points: np.ndarray) -> np.ndarray:
    """Distance of points [n, 3] to the bone's surface (its axis less its thickness), in metres."""
    start, axis = np.array(bone.head_local), np.array(bone.vector)
    t = np.clip((points - start) @ axis / (axis @ axis), 0, 1)
    thickness = _thickness(bone, _THICKNESS) or _thickness(bone, _HAND_THICKNESS)
    wide, narrow = thickness[:2] if thickness else (0.08, 0.08)
    return np.linalg.norm(points - start - t[:, None] * axis, axis=1) - (wide + (narrow - wide) * t)
