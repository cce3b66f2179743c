"""Solids and materials that sets are built of; all of it placed by numbers, in metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bmesh
import bpy
from mathutils import Matrix

from film.people.looks import Colour, Shader

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """How a solid looks: a kind of surface, its two colours, and repeats a metre."""

    kind: str = "plain"
    colour: Colour = (0.5, 0.5, 0.5)
    second: Colour = (0.3, 0.3, 0.3)
    fine: float = 1.0
    rough: float = 0.8
    glow: float = 0.0


def material(look: Look) -> bpy.types.Material:
    """The material of a look, shared by all solids that have it."""
    name = f"Set {hash(look) & 0xFFFFFFFF:08x}"
    found = bpy.data.materials.get(name)
    if found:
        return found
    shader = Shader(name, marks_actor=False)
    shader.material.name = name
    where = shader.add("ShaderNodeTexCoord").outputs["Object"]
    colour = _colour(shader, look, where)
    if isinstance(colour, tuple):
        shader.surface.inputs["Base Color"].default_value = (*colour, 1)
    else:
        shader.link(colour, shader.surface.inputs["Base Color"])
    shader.surface.inputs["Roughness"].default_value = look.rough
    if look.glow:
        shader.surface.inputs["Emission Color"].default_value = (*look.colour, 1)
        shader.surface.inputs["Emission Strength"].default_value = look.glow
    return shader.material


def _colour(shader: Shader, look: Look, where: Any) -> Any:
    if look.kind == "plain":
        return look.colour
    if look.kind in ("bricks", "planks", "tiles"):
        brick = shader.add("ShaderNodeTexBrick", Scale=look.fine, Mortar_Size=0.012)
        brick.inputs["Color1"].default_value = (*look.colour, 1)
        brick.inputs["Color2"].default_value = (*(0.7 * c for c in look.colour), 1)
        brick.inputs["Mortar"].default_value = (*look.second, 1)
        wide, tall, shift = {
            "bricks": (0.5, 0.17, 0.5), "planks": (1.6, 0.14, 0.37), "tiles": (0.5, 0.5, 0.0)
        }[look.kind]  # fmt: skip
        brick.inputs["Brick Width"].default_value = wide
        brick.inputs["Row Height"].default_value = tall
        brick.offset = shift
        shader.link(where, brick.inputs["Vector"])
        base: Any = brick.outputs["Color"]
    elif look.kind == "checker":
        checker = shader.add("ShaderNodeTexChecker", Scale=look.fine)
        checker.inputs["Color1"].default_value = (*look.colour, 1)
        checker.inputs["Color2"].default_value = (*look.second, 1)
        shader.link(where, checker.inputs["Vector"])
        base = checker.outputs["Color"]
    elif look.kind == "stripes":
        bands = shader.add("ShaderNodeTexWave", bands_direction="X", Scale=look.fine * 0.314)
        shader.link(where, bands.inputs["Vector"])
        base = shader.mix(shader.sharp(bands.outputs["Fac"], 0.5, 0.05), look.colour, look.second)
    else:  # "rough": clouds of two colours at two sizes
        small = shader.add("ShaderNodeTexNoise", Scale=look.fine * 9, Detail=6.0)
        shader.link(where, small.inputs["Vector"])
        base = shader.mix(shader.sharp(small.outputs["Fac"], 0.5, 0.18), look.colour, look.second)
    cloud = shader.add("ShaderNodeTexNoise", Scale=1.7, Detail=5.0)
    shader.link(where, cloud.inputs["Vector"])
    dirt = shader.add("ShaderNodeMix", data_type="RGBA", blend_type="MULTIPLY")
    dirt.inputs[0].default_value = 0.5
    shader.link(base, dirt.inputs[6])
    shader.link(
        shader.mix(
            shader.sharp(cloud.outputs["Fac"], 0.5, 0.2), (0.55, 0.52, 0.5), (1.0, 1.0, 1.0)
        ),
        dirt.inputs[7],
    )
    return dirt.outputs[2]


def _add(name: str, mesh: bmesh.types.BMesh, look: Look, smooth: bool = False) -> bpy.types.Object:
    data = bpy.data.meshes.new(name)
    mesh.to_mesh(data)
    mesh.free()
    if smooth:
        for face in data.polygons:
            face.use_smooth = True
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    data.materials.append(material(look))
    return thing


def box(place: Vector, size: Vector, look: Look, turn: float = 0.0) -> bpy.types.Object:
    """A box by its middle and sides, turned about the upright axis."""
    mesh = bmesh.new()
    bmesh.ops.create_cube(mesh, size=1.0, matrix=Matrix.Diagonal((*size, 1)))
    thing = _add("Box", mesh, look)
    thing.location, thing.rotation_euler = place, (0, 0, turn)
    return thing


def rod(
    place: Vector,
    radius: float,
    height: float,
    look: Look,
    *,
    top: float | None = None,
    tip: Vector = (0, 0, 0),
) -> bpy.types.Object:
    """An upright cylinder (a cone with another `top` radius) by its middle; `tip` turns it."""
    mesh = bmesh.new()
    bmesh.ops.create_cone(
        mesh, cap_ends=True, segments=20, radius1=radius,
        radius2=radius if top is None else top, depth=height,
    )  # fmt: skip
    thing = _add("Rod", mesh, look, smooth=False)
    thing.location, thing.rotation_euler = place, tip
    return thing


def ball(place: Vector, radii: Vector, look: Look) -> bpy.types.Object:
    """An ellipsoid."""
    mesh = bmesh.new()
    bmesh.ops.create_icosphere(
        mesh, subdivisions=4, radius=1.0, matrix=Matrix.Diagonal((*radii, 1))
    )
    thing = _add("Ball", mesh, look, smooth=True)
    thing.location = place
    return thing


def wall(
    place: Vector, wide: float, high: float, look: Look, turn: float = 0.0
) -> bpy.types.Object:
    """An upright plane by its middle; at turn 0 it faces -y."""
    mesh = bmesh.new()
    bmesh.ops.create_grid(
        mesh, x_segments=1, y_segments=1, size=0.5, matrix=Matrix.Diagonal((wide, high, 1, 1))
    )
    thing = _add("Wall", mesh, look)
    thing.location, thing.rotation_euler = place, (1.5707963, 0, turn)
    return thing


def floor(place: Vector, wide: float, deep: float, look: Look) -> bpy.types.Object:
    """A level plane by its middle."""
    mesh = bmesh.new()
    bmesh.ops.create_grid(
        mesh, x_segments=1, y_segments=1, size=0.5, matrix=Matrix.Diagonal((wide, deep, 1, 1))
    )
    thing = _add("Floor", mesh, look)
    thing.location = place
    return thing
