"""World space to the clip's pixels through a camera, as Blender's renderer frames it.

Source of the formulas: Blender manual, "Cameras" (sensor fit, shift, orthographic scale) and its
renderer's view plane: one unit of the view plane is divided over the larger or the chosen side of
the picture, a pixel's aspect counting as picture height.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Closer to the camera's plane than this a point has no place in the picture.
NEAREST = 1e-4


class Lens(StrEnum):
    """How a camera projects."""

    PERSPECTIVE = "PERSP"
    ORTHOGRAPHIC = "ORTHO"


class SensorFit(StrEnum):
    """Which side of the picture the sensor's size is measured along."""

    AUTO = "AUTO"
    HORIZONTAL = "HORIZONTAL"
    VERTICAL = "VERTICAL"


@dataclass(frozen=True)
class Camera:
    """A camera at one moment. `world_to_camera` is 4x4 without scale; it looks along -z, y up."""

    world_to_camera: Array
    lens: Lens = Lens.PERSPECTIVE
    focal_length: float = 50.0
    """In the unit of the sensor's sides."""
    ortho_scale: float = 6.0
    sensor_width: float = 36.0
    sensor_height: float = 24.0
    sensor_fit: SensorFit = SensorFit.AUTO
    shift_x: float = 0.0
    shift_y: float = 0.0

    @property
    def position(self) -> Array:
        """Where the camera is in the world, [3]."""
        rotation = self.world_to_camera[:3, :3]
        place: Array = -rotation.T @ self.world_to_camera[:3, 3]
        return place

    def towards(self, points: Array) -> Array:
        """Unit vectors from world points [N, 3] towards the viewer, [N, 3]."""
        if self.lens is Lens.ORTHOGRAPHIC:
            back: Array = np.broadcast_to(self.world_to_camera[2, :3], points.shape)
            return back
        lines = self.position - points
        length = np.linalg.norm(lines, axis=-1, keepdims=True)
        unit: Array = lines / np.maximum(length, 1e-12)
        return unit


def project(
    points: Array, camera: Camera, size: tuple[int, int], pixel_aspect: tuple[float, float] = (1, 1)
) -> tuple[Array, NDArray[np.bool_]]:
    """Pixels of world points [N, 3] in a picture of `size` (width, height).

    Returns (pixels [N, 2], in_front bool [N]); x right, y down, (0, 0) the centre of the top-left
    pixel; NaN where a point is not in front of the camera. `pixel_aspect` is a pixel's width and
    height as the scene's render settings give them.
    """
    width, height = size
    aspect = pixel_aspect[1] / pixel_aspect[0]
    fit = camera.sensor_fit
    if fit is SensorFit.AUTO:
        wide = pixel_aspect[0] * width >= pixel_aspect[1] * height
        fit = SensorFit.HORIZONTAL if wide else SensorFit.VERTICAL
        sensor = camera.sensor_width
    else:
        sensor = camera.sensor_width if fit is SensorFit.HORIZONTAL else camera.sensor_height
    view = width if fit is SensorFit.HORIZONTAL else aspect * height
    local = points @ camera.world_to_camera[:3, :3].T + camera.world_to_camera[:3, 3]
    depth = -local[:, 2]
    in_front: NDArray[np.bool_] = np.isfinite(depth) & (depth > NEAREST)
    if camera.lens is Lens.ORTHOGRAPHIC:
        scale = np.full(len(points), view / camera.ortho_scale)
    else:
        scale = camera.focal_length / sensor * view / np.where(in_front, depth, np.nan)
    across = local[:, 0] * scale + width / 2 - camera.shift_x * view
    upward = (local[:, 1] * scale - camera.shift_y * view) / aspect + height / 2
    pixels: Array = np.stack([across - 0.5, height - upward - 0.5], axis=1)
    pixels[~in_front] = np.nan
    return pixels, in_front
