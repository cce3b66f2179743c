"""A camera object of the scene as the projection wants it, with everything that animates it."""

from __future__ import annotations

from typing import Any

import numpy as np

from mf_backend.contracts.errors import InputError

from ...core.rig.joints.projection import Camera, Lens, SensorFit


def check_camera(camera: Any) -> None:
    """Raise InputError unless `camera` is a camera that this add-on can project through."""
    if camera is None or camera.type != "CAMERA":
        raise InputError("camera-missing", "Choose a camera, or add one to the scene.")
    if camera.data.type not in list(Lens):
        raise InputError(
            "camera-panoramic",
            f"The camera {camera.name!r} is panoramic; a clip needs a perspective or an "
            "orthographic camera.",
            "Change its type in the camera's Lens settings.",
        )


def read_camera(camera: Any, depsgraph: Any) -> Camera:
    """The camera as evaluated now. Raises InputError for a panoramic one."""
    check_camera(camera)
    evaluated = camera.evaluated_get(depsgraph)
    data = evaluated.data
    # A renderer ignores the scale of camera objects.
    matrix = evaluated.matrix_world.normalized().inverted()
    return Camera(
        world_to_camera=np.array(matrix, np.float64),
        lens=Lens(data.type),
        focal_length=data.lens,
        ortho_scale=data.ortho_scale,
        sensor_width=data.sensor_width,
        sensor_height=data.sensor_height,
        sensor_fit=SensorFit(data.sensor_fit),
        shift_x=data.shift_x,
        shift_y=data.shift_y,
    )


def pixel_aspect(scene: Any) -> tuple[float, float]:
    """Width and height of a pixel by the scene's render settings."""
    return (float(scene.render.pixel_aspect_x), float(scene.render.pixel_aspect_y))


def aspect_warning(scene: Any, size: tuple[int, int]) -> str:
    """One sentence where the scene's picture has another shape than the clip's; else empty."""
    width, height = scene.render.resolution_x, scene.render.resolution_y
    if abs(width / height - size[0] / size[1]) < 0.01 * size[0] / size[1]:
        return ""
    return (
        f"The scene renders {width} x {height}, the clip has {size[0]} x {size[1]}: the camera "
        "frames the rig in the clip's shape, so the viewport shows another crop."
    )
