"""What the figures wear: colours by the nearest bone, and a face."""

from __future__ import annotations

from dataclasses import dataclass

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector

from demo.body import base_name, distance

PARTS = ("skin", "hair", "top", "trousers", "shoes")
_TORSO = ("spine", "spine.001", "spine.002", "spine.003")


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


def material(colour: tuple[float, float, float]) -> bpy.types.Material:
    """A material of this colour, shared by all that ask for it (Workbench draws its own colour)."""
    name = "Colour {:.3f} {:.3f} {:.3f}".format(*colour)
    found = bpy.data.materials.get(name) or bpy.data.materials.new(name)
    found.diffuse_color = (*colour, 1.0)
    found.roughness = 0.7
    return found


def dress(part: bpy.types.Object, armature: bpy.types.Object, look: Look) -> None:
    """Give each face the clothes' or skin's colour, by the bone whose surface is nearest."""
    names = PARTS
    for name in names:
        part.data.materials.append(material(getattr(look, name)))
    centres = np.empty(len(part.data.polygons) * 3, np.float32)
    part.data.polygons.foreach_get("center", centres)
    centres = centres.reshape(-1, 3)
    bones = [bone for bone in armature.data.bones if bone.use_deform]
    away = np.stack([distance(bone, centres) for bone in bones])
    nearest = away.argmin(axis=0)
    kind = np.array([names.index(_wears(base_name(bone))) for bone in bones])[nearest]
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


def face(armature: bpy.types.Object, look: Look) -> list[bpy.types.Object]:
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
