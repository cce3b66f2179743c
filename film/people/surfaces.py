"""Pieces of a body's surface as meshes of their own: chosen, set off, following the bones."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from film.people import base
from film.people.rig import skin

Array = NDArray[np.float32]
Chosen = NDArray[np.bool_]


@dataclass(frozen=True)
class Anatomy:
    """What clothes are cut by, for every vertex of the base mesh of one body in rest.

    `arm` and `leg` run from 0 at the shoulder or hip to 1 at the wrist or ankle along the limb;
    `on_arm`, `on_leg`, `on_foot`, `on_hand`, `on_head` are shares of the bones' weights. Points in
    metres: `waist`, `neck`, `eyes`, `ears`, `mouth`.
    """

    vertices: Array
    arm: Array
    leg: Array
    on_arm: Array
    on_leg: Array
    on_foot: Array
    on_hand: Array
    on_head: Array
    points: dict[str, Array]


def anatomy(vertices: Array) -> Anatomy:
    """Measure a body in rest."""
    keys = {name: row @ vertices for name, row in base.keypoints().items()}
    rig = base.weights("mixamo")

    def share(*words: str) -> Array:
        total = np.zeros(len(vertices), np.float32)
        for bone, rows in rig.items():
            if any(bone.removeprefix("mixamorig:").removeprefix(side).startswith(w)
                   for w in words for side in ("Left", "Right")):  # fmt: skip
                table = np.array(rows)
                np.add.at(total, table[:, 0].astype(int), table[:, 1].astype(np.float32))
        return total

    def along(start: str, end: str) -> Array:
        best = np.zeros(len(vertices), np.float32)
        for side, sign in (("left", 1), ("right", -1)):
            first = keys[f"{side}_{start}"]
            way = keys[f"{side}_{end}"] - first
            mine = vertices[:, 0] * sign > 0
            best[mine] = ((vertices[mine] - first) @ way) / (way @ way)
        return best

    def centre(name: str) -> Array:
        middle: Array = vertices[base.cubes()[name]].mean(axis=0)
        return middle

    points = {
        "waist": centre("joint-spine-3"), "hips": centre("joint-pelvis"),
        "neck": centre("joint-neck"), "head": centre("joint-head"),
        "mouth": centre("joint-mouth"), **keys,
    }  # fmt: skip
    return Anatomy(
        vertices, along("shoulder", "wrist"), along("hip", "ankle"),
        share("Arm", "ForeArm", "Hand"), share("UpLeg", "Leg", "Foot", "Toe"),
        share("Foot", "Toe"), share("Hand"), share("Head"), points,
    )  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A mesh cut from the base mesh; `came_from` [n] are its vertices' numbers there."""

    points: Array
    faces: list[tuple[int, ...]]
    came_from: NDArray[np.int64]


def cut(body: Anatomy, faces: list[tuple[int, ...]], keep: Chosen) -> Piece:
    """The faces all of whose vertices are kept."""
    kept = [face for face in faces if all(keep[v] for v in face)]
    used = np.unique(np.array([v for face in kept for v in face], np.int64))
    place = {int(number): index for index, number in enumerate(used)}
    return Piece(body.vertices[used].copy(), [tuple(place[v] for v in face) for face in kept], used)


def normals(piece: Piece) -> Array:
    """Unit normals [n, 3] of a piece's vertices."""
    total = np.zeros_like(piece.points)
    for face in piece.faces:
        a, b, c = (piece.points[face[k]] for k in (0, 1, 2))
        normal = np.cross(b - a, c - a)
        for v in face:
            total[v] += normal
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)


def smooth(piece: Piece, rounds: int) -> Array:
    """The piece's points [n, 3], each drawn to the middle of its neighbours some times over."""
    pairs = {
        (min(a, b), max(a, b))
        for face in piece.faces
        for a, b in zip(face, (*face[1:], face[0]), strict=True)
    }
    edges = np.array(sorted(pairs))
    points = piece.points.copy()
    count = np.zeros(len(points), np.float32)
    np.add.at(count, edges.ravel(), 1)
    for _ in range(rounds):
        total = np.zeros_like(points)
        np.add.at(total, edges[:, 0], points[edges[:, 1]])
        np.add.at(total, edges[:, 1], points[edges[:, 0]])
        points = (points + total / np.maximum(count, 1)[:, None]) / 2
    return points


def as_object(
    name: str, piece: Piece, armature: bpy.types.Object, rig: str, *, finer: int = 0
) -> bpy.types.Object:
    """Add a piece to the scene, following the bones; `rest` keeps its points for patterns."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(piece.points.tolist(), [], piece.faces)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(mesh.polygons), bool))
    rest = mesh.attributes.new("rest", "FLOAT_VECTOR", "POINT")
    rest.data.foreach_set("vector", piece.points.ravel())
    part = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(part)
    skin(part, armature, rig, piece.came_from)
    if finer:
        finely = part.modifiers.new("Finer", "SUBSURF")
        finely.levels = finely.render_levels = finer
    return part
