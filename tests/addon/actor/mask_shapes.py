"""Masks as people draw them: ellipses with feathers, moved by shape keys."""

from __future__ import annotations

import math
from typing import Any

import bpy

_ROUND = 0.5523
"""A handle's length over the radius that makes a quarter of a circle."""


def in_mask(size: tuple[int, int], pixel: Any) -> tuple[float, float]:
    """Where a pixel (x, y) of a picture of a size (width, height) is in the Mask's coordinates.

    A Mask is as wide as the picture's longer side, and its rows count from below.
    """
    longer = max(size)
    x, y = float(pixel[0]) + 0.5 - size[0] / 2, size[1] / 2 - float(pixel[1]) - 0.5
    return 0.5 + x / longer, 0.5 + y / longer


def ellipse(
    layer: Any, middle: tuple[float, float], radii: tuple[float, float], feather: float = 0.0
) -> Any:
    """A closed spline of four points, in the Mask's own coordinates; feathers go outwards."""
    spline = layer.splines.new()
    spline.points.add(3)
    spline.use_cyclic = True
    place(spline, middle, radii, feather)
    return spline


def place(
    spline: Any, middle: tuple[float, float], radii: tuple[float, float], feather: float
) -> None:
    """Put an ellipse's points where they belong."""
    for number, point in enumerate(spline.points):
        turn = -number * math.pi / 2
        c, s = math.cos(turn), math.sin(turn)
        point.handle_type = "FREE"
        point.co = (middle[0] + radii[0] * c, middle[1] + radii[1] * s)
        for name, way in (("handle_left", -_ROUND), ("handle_right", _ROUND)):
            x, y = c + way * s, s - way * c
            setattr(point, name, (middle[0] + radii[0] * x, middle[1] + radii[1] * y))
        point.weight = feather


def key_shape(mask: Any) -> None:
    """Key the shapes of a Mask on the scene's frame, as the menu does in an Image Editor."""
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    before = area.type
    area.type = "IMAGE_EDITOR"
    try:
        space = area.spaces.active
        space.mode, space.mask = "MASK", mask
        (region,) = (region for region in area.regions if region.type == "WINDOW")
        with bpy.context.temp_override(window=window, area=area, region=region):
            bpy.ops.mask.select_all(action="SELECT")
            assert bpy.ops.mask.shape_key_insert() == {"FINISHED"}
    finally:
        area.spaces.active.mask = None
        area.type = before
