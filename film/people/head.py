"""A head that looks like someone: eyes, brows, lips and hair."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

from film.people import base, looks
from film.people.surfaces import Anatomy, Piece, as_object, cut, normals, smooth

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """Hair "short", "cropped", "curly", "bun", "long" or "bald"; colours linear RGB."""

    hair: str = "short"
    hair_colour: looks.Colour = (0.045, 0.025, 0.015)
    iris: looks.Colour = (0.10, 0.06, 0.03)
    lips: looks.Colour = (0.85, 0.50, 0.50)
    beard: float = 0.0


def tint(body: Anatomy, numbers: NDArray[np.int64], head: Head) -> Array:
    """Colours [n, 4] by which the skin is multiplied: lips, cheeks, eye sockets, a beard."""
    points = body.vertices[numbers]
    colours = np.ones((len(points), 4), np.float32)
    eyes = (body.points["left_eye"] + body.points["right_eye"]) / 2
    nose = body.points["nose"]
    mouth = body.points["mouth"]
    front = (body.on_head[numbers] > 0.5) & (points[:, 1] < nose[1] + 0.075)
    low = mouth[2]
    lips = (
        front
        & ((points[:, 0] / 0.025) ** 2 + ((points[:, 2] - low) / 0.0105) ** 2 < 1)
        & (points[:, 1] < nose[1] + 0.05)
    )
    for side in (-1, 1):
        cheek = np.hypot(points[:, 0] - side * 0.042, points[:, 2] - (nose[2] - 0.006)) / 0.024
        amount = np.where(front, np.clip(1 - cheek, 0, 1) * 0.28, 0)[:, None]
        colours[:, :3] *= 1 - amount * np.array([0.0, 0.75, 0.65], np.float32)
        socket = np.hypot((points[:, 0] - side * abs(body.points["left_eye"][0])) / 0.022,
                          (points[:, 2] - eyes[2]) / 0.012)  # fmt: skip
        dark = np.where(front, np.clip(1.3 - socket, 0, 1) * 0.35, 0)[:, None]
        colours[:, :3] *= 1 - dark
    if head.beard:
        jaw = front & (points[:, 2] < nose[2] - 0.012) & (points[:, 2] > low - 0.075)
        beside = (body.on_head[numbers] > 0.5) & (points[:, 1] < body.points["left_ear"][1] - 0.005)
        side_burn = beside & (points[:, 2] < nose[2]) & (points[:, 2] > low - 0.06)
        grown = (jaw | side_burn) & ~lips
        dark = np.array(head.hair_colour, np.float32) * 2 + 0.08
        colours[grown, :3] = (1 - head.beard) * colours[grown, :3] + head.beard * dark
    colours[lips, :3] *= np.array(head.lips, np.float32)
    return colours


def put_on(
    head: Head, body: Anatomy, armature: bpy.types.Object, rig: str, seed: int
) -> list[bpy.types.Object]:
    """Add eyes, brows and hair to the scene."""
    parts = []
    mesh = base.base_mesh()
    for side in ("left", "right"):
        faces = mesh.of(f"helper-{side[0]}-eye")
        piece = cut(body, faces, np.ones(len(body.vertices), bool))
        part = as_object(f"{side.title()} eye", piece, armature, rig)
        centre = piece.points.mean(axis=0)
        part.data.materials.append(looks.eye(tuple(map(float, centre)), head.iris))
        parts.append(part)
    parts += _brows(head, body, armature, rig)
    if head.hair != "bald":
        parts += _hair(head, body, armature, rig, np.random.default_rng(seed))
    return parts


def _on_the_head(body: Anatomy) -> int:
    """A vertex that follows the head alone."""
    return int(np.argmax(body.on_head[:13380] + body.vertices[:13380, 2] * 1e-3))


def _brows(
    head: Head, body: Anatomy, armature: bpy.types.Object, rig: str
) -> list[bpy.types.Object]:
    faces = [f for f in base.base_mesh().of("body") if body.on_head[f[0]] > 0.5]
    surface = BVHTree.FromPolygons(body.vertices.tolist(), faces)
    points: list[list[float]] = []
    quads: list[tuple[int, ...]] = []
    steps = 7
    for side in (-1, 1):
        eye_x, eye_z = abs(body.points["left_eye"][0]), body.points["left_eye"][2]
        start = len(points)
        for k in range(steps):
            s = k / (steps - 1)
            x = side * (eye_x - 0.017 + 0.037 * s)
            middle = eye_z + 0.0195 + 0.006 * np.sin(np.pi * min(1.0, s * 1.1)) - 0.004 * s
            half = 0.0036 * (1 - 0.65 * s)
            for z in (middle + half, middle - half):
                hit = surface.ray_cast(Vector((x, -1.0, z)), Vector((0, 1, 0)))[0]
                y = hit.y if hit else body.points["left_eye"][1]
                points.append([x, y - 0.0022, z])
        for k in range(steps - 1):
            a = start + 2 * k
            quads.append((a, a + 2, a + 3, a + 1) if side < 0 else (a, a + 1, a + 3, a + 2))
    numbers = np.full(len(points), _on_the_head(body), np.int64)
    part = _rigid("Brows", np.array(points, np.float32), quads, armature, rig, numbers)
    darker = tuple(0.8 * c for c in head.hair_colour)
    part.data.materials.append(looks.plain("Brows", darker, 0.8))  # type: ignore[arg-type]
    return [part]


def _rigid(
    name: str, points: Array, faces: list[tuple[int, ...]], armature: bpy.types.Object,
    rig: str, numbers: NDArray[np.int64],
) -> bpy.types.Object:  # fmt: skip
    """A mesh all of which follows what one vertex of the body follows."""
    part = as_object(name, Piece(points, faces, np.arange(len(points)) + 10**6), armature, rig)
    number = int(numbers[0])
    for bone, rows in base.weights(rig).items():
        weight = dict(rows).get(number, 0.0)
        if weight > 0.01:
            part.vertex_groups.new(name=bone).add(list(range(len(points))), weight, "REPLACE")
    return part


def _hair(
    head: Head, body: Anatomy, armature: bpy.types.Object, rig: str, random: np.random.Generator
) -> list[bpy.types.Object]:
    material = looks.hair_of(head.hair_colour)
    eyes = body.points["left_eye"]
    ears = (body.points["left_ear"] + body.points["right_ear"]) / 2
    ears_apart = abs(float(body.points["left_ear"][0]))
    up, deep = body.vertices[:, 2], body.vertices[:, 1]
    hairline = eyes[2] + 0.058 - 0.5 * np.clip(deep - eyes[1] - 0.02, 0, 0.05)
    near_ear = np.minimum(
        *(
            np.linalg.norm(body.vertices - body.points[f"{side}_ear"], axis=1)
            for side in ("left", "right")
        )
    )
    behind = (deep > ears[1] + 0.012) & (up > ears[2] - 0.055)
    scalp = (body.on_head > 0.5) & ((up > hairline) | behind) & (near_ear > 0.034)
    piece = cut(body, base.base_mesh().of("body"), scalp)
    piece.points[:] = smooth(piece, 4)
    thick = {"cropped": 0.006, "short": 0.018, "curly": 0.034, "bun": 0.012, "long": 0.012}[
        head.hair
    ]
    rough = {"cropped": 0.001, "short": 0.006, "curly": 0.012, "bun": 0.002, "long": 0.002}[
        head.hair
    ]
    x, y, z = piece.points.T
    phase = random.uniform(0, 6, 3)
    waves = np.sin(95 * x + phase[0]) * np.sin(90 * y + phase[1]) + np.sin(80 * z + phase[2])
    edge = _from_edge(piece)
    piece.points[:] += normals(piece) * ((thick + rough * waves) * edge)[:, None].astype(np.float32)
    parts = [as_object("Hair", piece, armature, rig, finer=1)]
    if head.hair == "long":
        faces = base.base_mesh().of("helper-hair")
        # The face stays free: no strands before it, between the hairline and the shoulders.
        ahead = (deep < ears[1] - 0.012) & (np.abs(body.vertices[:, 0]) < ears_apart - 0.004)
        strands = cut(body, faces, ~(ahead & (up < hairline.max() + 0.01)))
        strands.points[:] += normals(strands) * np.float32(0.006)
        parts.append(as_object("Long hair", strands, armature, rig, finer=2))
        fat = parts[-1].modifiers.new("Thickness", "SOLIDIFY")
        fat.thickness, fat.offset = 0.010, 0.0
    if head.hair == "bun":
        back = float(deep[:13380][body.on_head[:13380] > 0.5].max())
        points, quads = _ball((0.0, back + 0.02, float(eyes[2]) + 0.05), 0.052)
        numbers = np.full(len(points), _on_the_head(body), np.int64)
        parts.append(_rigid("Bun", points, quads, armature, rig, numbers))
    for part in parts:
        part.data.materials.append(material)
    return parts


def _from_edge(piece: Piece) -> Array:
    """From 0.25 at a piece's open edge to 1 a few faces inside [n]."""
    count: dict[tuple[int, int], int] = {}
    for face in piece.faces:
        for a, b in zip(face, (*face[1:], face[0]), strict=True):
            key = (min(a, b), max(a, b))
            count[key] = count.get(key, 0) + 1
    inside = np.ones(len(piece.points), np.float32)
    for (a, b), faces in count.items():
        if faces == 1:
            inside[[a, b]] = 0.25
    spread = Piece(np.repeat(inside[:, None], 3, axis=1), piece.faces, piece.came_from)
    return np.minimum(1.0, smooth(spread, 2)[:, 0] * 1.1).astype(np.float32)


def _ball(centre: tuple[float, float, float], radius: float) -> tuple[Array, list[tuple[int, ...]]]:
    rings, around = 8, 14
    points, faces = [], []
    for i in range(rings + 1):
        polar = np.pi * i / rings
        for j in range(around):
            turn = 2 * np.pi * j / around
            bumpy = radius * (1 + 0.06 * np.sin(5 * turn + 3 * polar))
            points.append(
                [centre[0] + bumpy * np.sin(polar) * np.cos(turn),
                 centre[1] + bumpy * np.sin(polar) * np.sin(turn),
                 centre[2] + bumpy * np.cos(polar)]
            )  # fmt: skip
    for i in range(rings):
        for j in range(around):
            a, b = i * around + j, i * around + (j + 1) % around
            faces.append((a, a + around, b + around, b))
    return np.array(points, np.float32), faces
