"""Things that are held, sat on, or stand in front."""

from __future__ import annotations

from collections.abc import Callable

import bmesh
import bpy
from mathutils import Matrix, Vector

from film.people import looks
from film.people.looks import Colour
from film.places.building import Look, box, rod


def _solid(
    name: str, colour: Colour, make: Callable[[bmesh.types.BMesh], None]
) -> bpy.types.Object:
    mesh = bmesh.new()
    make(mesh)
    data = bpy.data.meshes.new(name)
    mesh.to_mesh(data)
    mesh.free()
    thing = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(thing)
    data.materials.append(looks.plain(name, colour, 0.5))
    return thing


def _cone(
    low: float, high: float, tall: float, middle: float = 0.0
) -> Callable[[bmesh.types.BMesh], None]:
    def make(mesh: bmesh.types.BMesh) -> None:
        bmesh.ops.create_cone(
            mesh, cap_ends=True, segments=18, radius1=low, radius2=high, depth=tall,
            matrix=Matrix.Translation((0, 0, middle)),
        )  # fmt: skip

    return make


def _cube(
    *parts: tuple[tuple[float, float, float], tuple[float, float, float]],
) -> Callable[[bmesh.types.BMesh], None]:
    def make(mesh: bmesh.types.BMesh) -> None:
        for place, size in parts:
            bmesh.ops.create_cube(
                mesh, size=1.0, matrix=Matrix.Translation(place) @ Matrix.Diagonal((*size, 1))
            )

    return make


def _hat(mesh: bmesh.types.BMesh) -> None:
    _cone(0.18, 0.17, 0.015)(mesh)
    _cone(0.105, 0.095, 0.11, 0.055)(mesh)


_RACKET = _cube(((0, 0, 0.1), (0.03, 0.03, 0.4)), ((0, 0, 0.44), (0.24, 0.02, 0.3)))
_BAG = _cube(
    ((0, 0, -0.28), (0.12, 0.34, 0.26)),
    ((0, 0.11, -0.08), (0.02, 0.02, 0.16)),
    ((0, -0.11, -0.08), (0.02, 0.02, 0.16)),
    ((0, 0, -0.01), (0.025, 0.24, 0.025)),
)
HELD: dict[str, Callable[[Colour], bpy.types.Object]] = {
    "bottle": lambda colour: _solid("Bottle", colour, _cone(0.036, 0.03, 0.24)),
    "staff": lambda colour: _solid("Staff", colour, _cone(0.016, 0.016, 1.3)),
    "racket": lambda colour: _solid("Racket", colour, _RACKET),
    "bag": lambda colour: _solid("Bag", colour, _BAG),
    "box": lambda colour: _solid("Box held", colour, _cube(((0, 0, 0), (0.36, 0.26, 0.26)))),
    "hat": lambda colour: _solid("Hat", colour, _hat),
}
"""What can be held or worn. To add one: name it here."""


def hold(
    thing: bpy.types.Object, armature: bpy.types.Object, bone: str, offset: Vector, turn: Matrix
) -> None:
    """Let a thing follow a bone: in rest it is `offset` from the bone's tail, turned by `turn`."""
    rest = armature.data.bones[bone]
    thing.parent, thing.parent_type, thing.parent_bone = armature, "BONE", bone
    # A child of a bone is placed from the bone's tail, in the bone's own axes.
    tail = rest.matrix_local @ Matrix.Translation((0, rest.length, 0))
    place = Matrix.Translation(rest.tail_local + offset) @ turn
    thing.matrix_parent_inverse = Matrix.Identity(4)
    thing.matrix_basis = tail.inverted() @ place


def occluder(kind: str, x: float, y: float) -> list[bpy.types.Object]:
    """Something that stands between camera and actor: "post", "table", "plant" or "fence"."""
    if kind == "post":
        return [rod((x, y, 1.2), 0.07, 2.4, Look("stripes", (0.7, 0.1, 0.05), (0.8, 0.8, 0.8), 3))]
    if kind == "table":
        wood = Look("planks", (0.35, 0.2, 0.1), (0.15, 0.08, 0.04), 2)
        parts = [box((x, y, 0.72), (1.2, 0.6, 0.05), wood)]
        parts += [
            box((x + dx, y + dy, 0.35), (0.06, 0.06, 0.7), wood)
            for dx in (-0.5, 0.5)
            for dy in (-0.22, 0.22)
        ]
        parts.append(rod((x + 0.25, y, 0.83), 0.05, 0.17, Look("plain", (0.1, 0.3, 0.5))))
        return parts
    if kind == "fence":
        wood = Look("rough", (0.4, 0.38, 0.34), (0.3, 0.28, 0.25), 4)
        return [box((x + 0.16 * k, y, 0.3), (0.07, 0.03, 0.6), wood) for k in range(-9, 10)] + [
            box((x, y + 0.03, z), (3.1, 0.03, 0.06), wood) for z in (0.18, 0.45)
        ]
    return [rod((x, y, 0.2), 0.16, 0.4, Look("plain", (0.5, 0.22, 0.1)), top=0.2)] + [
        rod(
            (x + 0.05 * k, y, 0.75),
            0.035,
            0.75,
            Look("plain", (0.04, 0.17, 0.04)),
            top=0.005,
            tip=(0.12 * ((k * 7) % 3 - 1), 0.17 * k, 0),
        )
        for k in range(-3, 4)
    ]
