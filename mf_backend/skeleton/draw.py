"""The skeleton picture that the MotionFollower weights were trained on, drawn with numpy alone.

Source of colours, shapes and order: measured from the pose pictures of the released data. They are
DWPose's colours with red and blue exchanged; do not "correct" them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton import raster
from mf_backend.skeleton.joints import (
    BODY,
    HAND_LINES,
    JOINT_COUNT,
    LEFT_HAND,
    LIMBS,
    RIGHT_HAND,
)

BODY_COLOURS = (
    (0, 0, 255), (0, 85, 255), (0, 170, 255), (0, 255, 255), (0, 255, 170), (0, 255, 85),
    (0, 255, 0), (85, 255, 0), (170, 255, 0), (255, 255, 0), (255, 170, 0), (255, 85, 0),
    (255, 0, 0), (255, 0, 85), (255, 0, 170), (255, 0, 255), (170, 0, 255), (85, 0, 255),
)  # fmt: skip
"""R, G, B of the disc of each body joint."""

LIMB_COLOURS = tuple(
    tuple(int(value * 0.6) for value in colour) for colour in BODY_COLOURS[: len(LIMBS)]
)
"""R, G, B of each limb: the joints' colours, dimmed and truncated."""

HAND_LINE_COLOURS = (
    (0, 0, 255), (0, 77, 255), (0, 153, 255), (0, 229, 255), (0, 255, 204), (0, 255, 128),
    (0, 255, 51), (25, 255, 0), (102, 255, 0), (179, 255, 0), (255, 255, 0), (255, 178, 0),
    (255, 102, 0), (255, 25, 0), (255, 0, 51), (255, 0, 128), (255, 0, 204), (230, 0, 255),
    (153, 0, 255), (77, 0, 255),
)  # fmt: skip
"""R, G, B of each line of a hand."""

HAND_DISC_COLOUR = (255, 0, 0)
LIMB_HALF_WIDTH = 4

# The canvas holds indices into this palette until the end: black, limbs, body discs, hands.
_PALETTE = np.array(
    [(0, 0, 0), *LIMB_COLOURS, *BODY_COLOURS, *HAND_LINE_COLOURS, HAND_DISC_COLOUR], np.uint8
)
_FIRST_LIMB = 1
_FIRST_DISC = _FIRST_LIMB + len(LIMBS)
_FIRST_LINE = _FIRST_DISC + len(BODY_COLOURS)
_HAND_DISC = _FIRST_LINE + len(HAND_LINES)

# Beyond this a point carries no direction any more (a joint in the camera's own plane).
_FARTHEST = 1e7


def limb_geometry(
    a: tuple[float, float], b: tuple[float, float]
) -> tuple[tuple[int, int], int, int]:
    """Centre (x, y), half length and direction in degrees of the ellipse from `a` to `b`.

    All truncated towards zero, as the released pictures were made; a is the joint listed first.
    """
    (ax, ay), (bx, by) = a, b
    centre = int((ax + bx) / 2), int((ay + by) / 2)
    length = math.sqrt((ax - bx) ** 2 + (ay - by) ** 2)
    return centre, int(length / 2), int(math.degrees(math.atan2(ay - by, ax - bx)))


def limb_shape(
    a: tuple[float, float], b: tuple[float, float], size: tuple[int, int]
) -> tuple[raster.Shape, int, int]:
    """The filled limb from `a` to `b` and the (x, y) it is to be painted at."""
    (x, y), half, degrees = limb_geometry(a, b)
    reach = max(half, LIMB_HALF_WIDTH) + 1
    if reach <= x < size[0] - reach and reach <= y < size[1] - reach:
        return raster.ellipse(half, LIMB_HALF_WIDTH, degrees), x, y
    shape = raster.clipped_ellipse((x, y), half, LIMB_HALF_WIDTH, degrees, size)
    return shape, 0, 0


def _checked(joints: Any) -> list[tuple[float, float] | None]:
    points = np.asarray(joints, np.float64)
    if points.shape != (JOINT_COUNT, 2):
        raise ValueError(f"joints must have the shape ({JOINT_COUNT}, 2), not {points.shape}")
    there = np.isfinite(points).all(axis=1) & (np.abs(points) < _FARTHEST).all(axis=1)
    return [(x, y) if ok else None for (x, y), ok in zip(points.tolist(), there, strict=True)]


def _draw_hand(
    canvas: NDArray[np.uint8], hand: list[tuple[float, float] | None], size: tuple[int, int]
) -> None:
    points = [(int(point[0]), int(point[1])) if point else None for point in hand]
    # A point in the first row or column counts as missing in the released pictures.
    points = [point if point and min(point) > 0 else None for point in points]
    for k, (start, end) in enumerate(HAND_LINES):
        a, b = points[start], points[end]
        if a is None or b is None:
            continue
        (x, y), (dx, dy) = a, (b[0] - a[0], b[1] - a[1])
        shape = raster.thick_line(dx, dy) if max(abs(dx), abs(dy)) < 512 else None
        if shape is not None and shape.inside(x, y, size):
            shape.paint(canvas, x, y, _FIRST_LINE + k)
        else:
            raster.clipped_thick_line(x, y, dx, dy, size).paint(canvas, 0, 0, _FIRST_LINE + k)
    for point in points:
        if point is not None:
            raster.DISC.paint(canvas, *point, _HAND_DISC)


def draw_skeleton(joints: Any, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw one skeleton on black: uint8 [height, width, 3], R G B.

    `joints` is float [60, 2] (or anything numpy takes for it): x right, y down in pixels, (0, 0)
    the centre of the top-left pixel, NaN where absent; points outside the picture are drawn as far
    as it reaches. `size` is (width, height). Raises ValueError for another shape of joints.
    """
    points = _checked(joints)
    body = points[BODY]
    canvas = np.zeros((size[1], size[0]), np.uint8)
    for k, (start, end) in enumerate(LIMBS):
        a, b = body[start], body[end]
        if a is not None and b is not None:
            shape, x, y = limb_shape(a, b, size)
            shape.paint(canvas, x, y, _FIRST_LIMB + k)
    for k, point in enumerate(body):
        if point is not None:
            raster.DISC.paint(canvas, int(point[0]), int(point[1]), _FIRST_DISC + k)
    for hand in (LEFT_HAND, RIGHT_HAND):
        _draw_hand(canvas, points[hand], size)
    return _coloured(canvas)


def _coloured(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Palette indices to R G B, looked up only where something was drawn."""
    picture = np.zeros((canvas.size, 3), np.uint8)
    drawn = np.flatnonzero(canvas)
    picture[drawn] = _PALETTE[canvas.reshape(-1)[drawn]]
    return picture.reshape(*canvas.shape, 3)
