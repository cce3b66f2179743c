"""The part of a picture that an actor and his shadow can be seen in."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from film.places.sets import BACK
from film.shooting.shot import Shot
from film.shooting.stage import Stage
from motionfollower_addon.core.rig.joints.projection import project
from motionfollower_addon.host.rig.camera import read_camera

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are past the end."""
Array = NDArray[np.float64]
_AROUND = 0.20
"""Metres around the bones that the body, its clothes and its soft shadow take."""
_PIXELS = 10
_FAR = 12.0


def window(stage: Stage, shot: Shot) -> Box:
    """The window for the frame that the scene stands on."""
    points = _points(stage)
    shadows = [_shadow(points, source, shot.set) for source in _sources(stage.scene)]
    graph = bpy.context.evaluated_depsgraph_get()
    every = np.concatenate([points, *shadows])
    pixels, _ = project(every, read_camera(stage.camera, graph), shot.size)
    pixels = pixels[~np.isnan(pixels).any(axis=1)]
    wide, high = shot.size
    if not len(pixels):
        return (0, 0, wide, high)
    left, top = np.floor(pixels.min(axis=0)).astype(int) - _PIXELS
    right, bottom = np.ceil(pixels.max(axis=0)).astype(int) + _PIXELS
    box = (max(0, left), max(0, top), min(wide, right), min(high, bottom))
    # Somebody who is out of the picture still leaves a pixel to render.
    x, y = min(box[0], wide - 2), min(box[1], high - 2)
    return (int(x), int(y), int(max(box[2], x + 2)), int(max(box[3], y + 2)))


def _points(stage: Stage) -> Array:
    """Points [n, 3] around the actor and what he holds, in world space."""
    graph = bpy.context.evaluated_depsgraph_get()
    posed = stage.actor.armature.evaluated_get(graph)
    ends = np.array(
        [posed.matrix_world @ end for b in posed.pose.bones for end in (b.head, b.tail)]
    )
    offsets = np.array([v for k in range(3) for v in (np.eye(3)[k], -np.eye(3)[k])]) * _AROUND
    around = (ends[:, None] + offsets).reshape(-1, 3)
    for thing in stage.held:
        there = thing.evaluated_get(graph)
        corners = [there.matrix_world @ Vector(corner) for corner in thing.bound_box]
        around = np.concatenate([around, np.array(corners)])
    around[:, 2] = np.maximum(around[:, 2], 0.0)
    return around


def _sources(scene: bpy.types.Scene) -> list[tuple[Array, bool]]:
    """Where light comes from: directions to go (True) and places (False), the rims of each."""
    found: list[tuple[Array, bool]] = []
    for light in (o for o in scene.objects if o.type == "LIGHT"):
        axes = np.array(light.matrix_world.to_3x3())
        if light.data.type == "SUN":
            spread = np.tan(min(light.data.angle, 0.7) / 2)
            found += [
                (-axes[:, 2] + spread * (x * axes[:, 0] + y * axes[:, 1]), True)
                for x, y in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
            ]
        else:
            half = light.data.size / 4  # farther out the penumbra is too faint to be seen
            place = np.array(light.matrix_world.translation)
            found += [
                (place + half * (x * axes[:, 0] + y * axes[:, 1]), False)
                for x in (-1, 1)
                for y in (-1, 1)
            ]
    return found


def _shadow(points: Array, source: tuple[Array, bool], set_name: str) -> Array:
    """Where the points' shadows fall [n, 3], on the floor or on the set's back."""
    value, is_direction = source
    way = np.broadcast_to(value, points.shape) if is_direction else points - value
    way = way / np.linalg.norm(way, axis=1, keepdims=True)
    far = np.full(len(points), _FAR)
    down = way[:, 2] < -1e-3
    far[down] = np.minimum(far[down], points[down, 2] / -way[down, 2])
    back = BACK.get(set_name)
    if back is not None:
        away = way[:, 1] > 1e-3
        far[away] = np.clip((back - points[away, 1]) / way[away, 1], 0, far[away])
    found: Array = points + way * far[:, None]
    return found
