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


def pixel_rows(
    camera: Camera, size: tuple[int, int], pixel_aspect: tuple[float, float] = (1, 1)
) -> Array:
    """Three rows [3, 4] that give a world point (x, y, z, 1) its across, down and depth.

    Its pixel is (across, down), divided by depth for a perspective camera. `size` and
    `pixel_aspect` are as in `project`.
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
    right, up, back = camera.world_to_camera[:3]
    depth = -back
    # What the centre's place is multiplied with: depth, which perspective divides away again.
    if camera.lens is Lens.ORTHOGRAPHIC:
        scale, whole = view / camera.ortho_scale, np.array([0.0, 0.0, 0.0, 1.0])
    else:
        scale, whole = camera.focal_length / sensor * view, depth
    across = scale * right + (width / 2 - camera.shift_x * view - 0.5) * whole
    down = -scale / aspect * up + (height / 2 + camera.shift_y * view / aspect - 0.5) * whole
    return np.stack([across, down, depth])


def project(
    points: Array, camera: Camera, size: tuple[int, int], pixel_aspect: tuple[float, float] = (1, 1)
) -> tuple[Array, NDArray[np.bool_]]:
    """Pixels of world points [N, 3] in a picture of `size` (width, height).

    Returns (pixels [N, 2], in_front bool [N]); x right, y down, (0, 0) the centre of the top-left
    pixel; NaN where a point is not in front of the camera. `pixel_aspect` is a pixel's width and
    height as the scene's render settings give them.
    """
    rows = pixel_rows(camera, size, pixel_aspect)
    placed = points @ rows[:, :3].T + rows[:, 3]
    depth = placed[:, 2]
    in_front: NDArray[np.bool_] = np.isfinite(depth) & (depth > NEAREST)
    pixels: Array = placed[:, :2]
    if camera.lens is Lens.PERSPECTIVE:
        pixels = pixels / np.where(in_front, depth, np.nan)[:, None]
    pixels[~in_front] = np.nan
    return pixels, in_front
