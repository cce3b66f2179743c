"""The body's shape: ellipsoids along the bones, merged into one smooth mesh."""

from __future__ import annotations

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

Thickness = tuple[float, float, float]
"""Radius at the bone's head and tail in metres, and the cross-section's depth relative to it."""
Table = dict[str, Thickness]

# Bones that carry the body. The armature's many face bones would only pull at the skin.
BODY_BONES = (
    "spine", "shoulder", "upper_arm", "forearm", "hand", "palm", "thumb", "f_", "thigh", "shin",
    "foot", "toe",
)  # fmt: skip


BODY: Table = {
    "spine": (0.178, 0.162, 0.70), "spine.001": (0.162, 0.148, 0.70),
    "spine.002": (0.148, 0.165, 0.70), "spine.003": (0.165, 0.080, 0.70),
    "spine.004": (0.062, 0.057, 1.0), "spine.005": (0.057, 0.056, 1.0),
    "shoulder": (0.066, 0.074, 1.0), "upper_arm": (0.068, 0.048, 1.0),
    "forearm": (0.048, 0.032, 1.0), "thigh": (0.088, 0.066, 1.0), "shin": (0.066, 0.044, 1.0),
    "foot": (0.052, 0.044, 1.0), "toe": (0.044, 0.034, 1.0),
}  # fmt: skip
HANDS: Table = {
    "forearm": (0.028, 0.027, 1.0), "hand": (0.028, 0.024, 1.0), "palm": (0.016, 0.013, 1.0),
    "thumb": (0.014, 0.010, 1.0), "f_": (0.011, 0.009, 1.0),
}  # fmt: skip


def base_name(bone: bpy.types.Bone) -> str:
    """The bone's name without its side."""
    return str(bone.name.removesuffix(".L").removesuffix(".R"))


def _thickness(bone: bpy.types.Bone, table: Table) -> Thickness | None:
    """Entry of the table for this bone: by its whole name, else by a prefix for numbered ones."""
    name = base_name(bone)
    prefixes = (key for key in ("palm", "thumb", "f_") if key in table and name.startswith(key))
    return table.get(name) or table.get(next(prefixes, ""))


def distance(bone: bpy.types.Bone, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance of points [n, 3] to the bone's surface (its axis less its thickness), in metres."""
    start, axis = np.array(bone.head_local), np.array(bone.vector)
    t = np.clip((points - start) @ axis / (axis @ axis), 0, 1)
    thickness = _thickness(bone, BODY) or _thickness(bone, HANDS)
    wide, narrow = thickness[:2] if thickness else (0.08, 0.08)
    away = np.linalg.norm(points - start - t[:, None] * axis, axis=1)
    return np.asarray(away - (wide + (narrow - wide) * t), np.float32)


def grow(armature: bpy.types.Object, table: Table, voxel: float, head: bool) -> bpy.types.Object:
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
