"""Clothes, cut from the body's surface and set off from it."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from film.people import base
from film.people.looks import Cloth, cloth
from film.people.surfaces import Anatomy, Chosen, as_object, cut, normals, smooth

Array = NDArray[np.float32]
_SOLE = 0.014


@dataclass(frozen=True)
class Garment:
    """One piece of clothing.

    `kind` is "top", "trousers", "skirt" or "shoes". `sleeve` runs from 0 at the shoulder to 1 at
    the wrist, `length` from the waist 0 to the ankle 1 (of a top: how far below the waist, of the
    leg); `ease` is how far the cloth stands off in metres, more towards `hem`.
    """

    kind: str
    cloth: Cloth
    sleeve: float = 0.4
    length: float = 0.1
    ease: float = 0.010
    hem: float = 0.006


def wears(garment: Garment, body: Anatomy, slack: float = 0.0) -> Chosen:
    """Which vertices of the base mesh a garment covers; less of them by `slack` at its ends."""
    up = body.vertices[:, 2]
    neck, waist = body.points["neck"][2], body.points["waist"][2]
    arm, leg = body.on_arm > 0.5, body.on_leg > 0.5
    if garment.kind == "top":
        long = waist - 0.02 - garment.length * 0.75 * (waist - body.points["left_ankle"][2])
        covered = (up > long + 0.3 * slack) & (up < neck - 0.012 - 0.2 * slack)
        trunk = covered & ~arm & (body.on_head < 0.3)
        return trunk | (arm & (body.arm < garment.sleeve - 2.2 * slack))
    if garment.kind == "trousers":
        return (leg & (body.leg < garment.length - slack)) | (
            ~leg & ~arm & (up < waist - 0.01 - 0.3 * slack) & (body.on_hand < 0.1)
        )
    if garment.kind == "skirt":
        high = waist + 0.03
        low = high - garment.length * (high - body.points["left_ankle"][2])
        return (up < waist - 0.06) & (up > low + slack) & ~arm & (body.on_hand < 0.1)
    return (body.on_foot > 0.5) & (body.leg > 0.93 + slack) & (up < 0.11 - 0.2 * slack)


def put_on(
    garment: Garment, body: Anatomy, armature: bpy.types.Object, rig: str
) -> bpy.types.Object:
    """Add a garment to the scene, on this body."""
    group = {"skirt": "helper-skirt", "shoes": "body"}.get(garment.kind, "helper-tights")
    faces = base.base_mesh().of(group)
    keep = wears(garment, body)
    if garment.kind == "skirt":
        top, low = body.points["waist"][2] + 0.03, body.points["left_ankle"][2]
        keep = body.vertices[:, 2] > top - garment.length * (top - low)
    piece = cut(body, faces, keep)
    piece.points[:] = smooth(piece, {"shoes": 6, "skirt": 1}.get(garment.kind, 3))
    ends = _towards_hem(garment, body, piece.came_from)
    out = garment.ease + garment.hem * ends
    out = out + _folds(garment, piece.points, ends)
    piece.points[:] += normals(piece) * out[:, None].astype(np.float32)
    if garment.kind == "shoes":
        piece.points[:, 2] = np.maximum(piece.points[:, 2], -_SOLE)
        under = piece.points[:, 2] < 0.02
        piece.points[under, 2] = -_SOLE
    part = as_object(garment.kind.title(), piece, armature, rig, finer=1)
    part.data.materials.append(cloth(garment.kind.title(), garment.cloth))
    if garment.kind != "shoes":
        thick = part.modifiers.new("Thickness", "SOLIDIFY")
        thick.thickness, thick.offset = 0.004, -1.0
    return part


def _towards_hem(garment: Garment, body: Anatomy, numbers: NDArray[np.int64]) -> Array:
    """From 0 at the garment's middle to 1 at its open ends [n]."""
    if garment.kind == "top":
        arm = np.clip(body.arm[numbers] / max(garment.sleeve, 0.05), 0, 1) ** 2
        waist = body.points["waist"][2]
        trunk = np.clip((waist + 0.12 - body.vertices[numbers, 2]) / 0.3, 0, 1)
        return np.where(body.on_arm[numbers] > 0.5, arm, trunk).astype(np.float32)
    if garment.kind in ("trousers", "skirt"):
        return np.clip(body.leg[numbers] / max(garment.length, 0.1), 0, 1).astype(np.float32) ** 2
    return np.zeros(len(numbers), np.float32)


def _folds(garment: Garment, points: Array, ends: Array) -> Array:
    """Folds [n] in metres: rings around limbs that slide about, and falls towards the hem."""
    if garment.kind == "shoes":
        return np.zeros(len(points), np.float32)
    x, y, z = points.T
    deep = min(0.006, 0.3 * garment.ease + 0.2 * garment.hem)
    rings = np.sin(55 * z + 9 * np.sin(14 * x + 2) + 5 * np.sin(21 * y))
    if garment.kind == "skirt":
        round_ = np.arctan2(y, x)
        return ((0.004 + 0.016 * ends) * np.sin(11 * round_ + 1.3 * np.sin(3 * round_))).astype(
            np.float32
        )
    return (deep * rings * (0.5 + 0.5 * np.sin(7 * z + 11 * x))).astype(np.float32)
