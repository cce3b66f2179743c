"""Cameras and how they move."""

from __future__ import annotations

import math
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Euler, Vector


@dataclass(frozen=True)
class Shooting:
    """Where a camera is and what it looks at, metres; `lens` in mm over a 36 mm long side.

    `move` is "static", "pan" (turns by `amount` degrees), "dolly" (goes by `way`), or "handheld"
    (sways by `amount` degrees). `seed` makes the hand's tremble.
    """

    place: tuple[float, float, float] = (0.0, -4.2, 1.2)
    at: tuple[float, float, float] = (0.0, 0.0, 0.95)
    lens: float = 42.0
    move: str = "static"
    amount: float = 0.0
    way: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seed: int = 1


def still(shooting: Shooting) -> bool:
    """Whether the camera keeps its place and direction."""
    return shooting.move == "static"


def add(shooting: Shooting, name: str, frames: int, fps: float) -> bpy.types.Object:
    """Add a camera, keyed over frames 1 … `frames` (and one more on both ends, for blur)."""
    data = bpy.data.cameras.new(name)
    data.lens = shooting.lens
    camera = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(camera)
    random = np.random.default_rng(shooting.seed)
    phases = random.uniform(0, 2 * math.pi, (3, 3))
    for frame in range(0, frames + 2):
        share = (frame - 1) / max(frames - 1, 1) - 0.5
        place, at = Vector(shooting.place), Vector(shooting.at)
        yaw = pitch = 0.0
        if shooting.move == "dolly":
            place, at = place + Vector(shooting.way) * share, at + Vector(shooting.way) * share
        elif shooting.move == "pan":
            yaw = math.radians(shooting.amount) * share
        elif shooting.move == "handheld":
            t = frame / fps
            yaw, pitch, shake = (
                math.radians(shooting.amount)
                * sum(math.sin(2 * math.pi * t * f + p) / (1 + k)
                      for k, (f, p) in enumerate(zip((0.45, 1.3, 2.9), row, strict=True)))
                for row in phases
            )  # fmt: skip
            place = place + Vector((shake * 0.8, 0, pitch * 0.5))
        turn = (at - place).to_track_quat("-Z", "Y").to_euler()
        camera.location = place
        camera.rotation_euler = Euler((turn.x + pitch, turn.y, turn.z + yaw))
        if not still(shooting) or frame == 0:
            camera.keyframe_insert("location", frame=frame)
            camera.keyframe_insert("rotation_euler", frame=frame)
    return camera
