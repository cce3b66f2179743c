"""Cameras of clips: as they were filmed, or one that stands still where nobody knows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from benchmarks.truth.shot_folder import ShotFolder
from motionfollower_addon.core.actor.lifting.camera_rows import Views, views
from motionfollower_addon.core.rig.joints.projection import Camera, pixel_rows

_HIGH, _AWAY = 1.0, 4.0


def filmed_views(shot: ShotFolder) -> Views:
    """The camera of a filmed shot, frame by frame."""
    import bpy

    from film.places.cameras import Shooting, add
    from motionfollower_addon.host.actor.cameras import clip_views

    told = json.loads((shot.path / "shot.json").read_text(encoding="utf-8"))["shot"]["camera"]
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in told.items()
    }
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = shot.size
    camera = add(Shooting(**values), "camera", shot.count, shot.fps)
    frames = [float(frame) for frame in range(1, shot.count + 1)]
    return clip_views(scene, scene.view_layers[0], camera, shot.size, frames)


def plain_views(size: tuple[int, int], count: int) -> Views:
    """A camera with Blender's own lens that stands still and looks level."""
    turn = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, -turn @ np.array([0.0, -_AWAY, _HIGH])
    return views(np.repeat(pixel_rows(Camera(matrix), size)[None], count, axis=0))
