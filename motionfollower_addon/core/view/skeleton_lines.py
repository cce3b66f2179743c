"""Where a skeleton's joints and lines are on a screen: pure geometry for drawing over a view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.draw import (
    BODY_COLOURS,
    HAND_LINE_COLOURS,
    LIMB_COLOURS,
    LIMB_HALF_WIDTH,
)
from mf_backend.skeleton.joints import (
    BODY,
    HAND_LINES,
    JOINT_INDEX,
    LEFT_HAND,
    LIMBS,
    RIGHT_HAND,
)

from ..rig.joints.compose import WorldPose
from ..rig.joints.hands import finish_hands
from ..rig.joints.projection import NEAREST, Camera, Lens
from ..rig.joints.visibility import FACE, in_order, visible_face

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

_BRIGHTER = 1 / 0.6
"""The pictures' limbs are dimmed, which is hard to see over a viewport."""
_CORNERS = 10
"""Triangles of a joint's disc."""
_THINNEST, _THICKEST = 2.0, 10.0

_FACE = [JOINT_INDEX[name] for name in FACE]
_NECK, _RIGHT, _LEFT = (JOINT_INDEX[name] for name in ("neck", "right_shoulder", "left_shoulder"))


def _colours(table: tuple[tuple[int, ...], ...], factor: float = 1.0) -> Floats:
    rgb = np.minimum(np.array(table, np.float32) / 255 * factor, 1)
    rgba: Floats = np.concatenate([rgb, np.ones((len(rgb), 1), np.float32)], axis=1)
    return rgba


_LIMB_ENDS = np.array(LIMBS)
_HAND_ENDS = np.concatenate([np.array(HAND_LINES) + hand.start for hand in (LEFT_HAND, RIGHT_HAND)])
_LIMB_RGBA = _colours(LIMB_COLOURS, _BRIGHTER)
_HAND_RGBA = np.tile(_colours(HAND_LINE_COLOURS), (2, 1))
_DISC_RGBA = _colours(BODY_COLOURS)


def _disc() -> Floats:
    """Triangles [3 * corners, 2] of a disc of radius 1."""
    turn = np.linspace(0, 2 * np.pi, _CORNERS + 1)
    rim = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    parts = np.stack([np.zeros_like(rim[:-1]), rim[:-1], rim[1:]], axis=1)
    corners: Floats = parts.reshape(-1, 2).astype(np.float32)
    return corners


_DISC = _disc()


@dataclass(frozen=True)
class Rectangle:
    """A rectangle of a region in pixels, y up."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        return (self.right - self.left, self.top - self.bottom)


@dataclass(frozen=True)
class Strokes:
    """What is drawn of one skeleton; positions float32 [N, 3], colours float32 [N, 4] (R G B A)."""

    limbs: Floats
    limb_colours: Floats
    limb_width: float
    hands: Floats
    hand_colours: Floats
    hand_width: float
    discs: Floats
    """Corners of triangles."""
    disc_colours: Floats


def fit_inside(frame: Rectangle, size: tuple[int, int]) -> Rectangle:
    """Where a picture of `size` lies that is shown whole and centred in a camera's frame."""
    width, height = frame.size
    scale = min(width / size[0], height / size[1])
    x, y = (frame.left + frame.right) / 2, (frame.bottom + frame.top) / 2
    across, up = size[0] * scale / 2, size[1] * scale / 2
    return Rectangle(x - across, y - up, x + across, y + up)


def onto(joints: NDArray[Any], size: tuple[int, int], place: Rectangle) -> Array:
    """Joints [N, 2] in pixels of a picture of `size` to where it is shown, y up."""
    width, height = place.size
    # Pixel centres lie at whole numbers, the picture's edges half a pixel further out.
    across = (joints[:, 0].astype(np.float64) + 0.5) / size[0]
    down = (joints[:, 1].astype(np.float64) + 0.5) / size[1]
    return np.stack([place.left + across * width, place.top - down * height], axis=1)


def seen_from(
    pose: WorldPose, perspective: Array, view: Array, lens: Lens, size: tuple[int, int]
) -> Array:
    """Joints [60, 2] in pixels of a view's region of `size`, y up, NaN where not seen.

    `view` [4, 4] takes the world to the viewer, `perspective` [4, 4] further to clip space, whose
    x and y go from -1 to 1 over the region after division by the fourth.
    """
    points = finish_hands(pose.joints)
    whole = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ perspective.T
    depth = np.where(whole[:, 3] > NEAREST, whole[:, 3], np.nan)
    joints = (whole[:, :2] / depth[:, None] + 1) / 2 * np.array(size, np.float64)
    joints[_NECK] = (joints[_RIGHT] + joints[_LEFT]) / 2
    if pose.head_forward is not None and pose.head_left is not None:
        centre = np.nanmean(points[_FACE], axis=0, keepdims=True)
        towards = Camera(world_to_camera=view, lens=lens).towards(centre)[0]
        seen = in_order(visible_face(pose.head_forward, pose.head_left, towards))
        joints[[index for index, ok in zip(_FACE, seen, strict=True) if not ok]] = np.nan
    result: Array = joints
    return result


def strokes(
    points: Array, scale: float = 1.0, colour: tuple[float, float, float, float] | None = None
) -> Strokes:
    """Lines and discs of a skeleton with joints [60, 2] in pixels of the region.

    `scale` is region pixels for one of the picture's, so that lines are as wide as in the
    pictures within readable limits. With `colour` all of it has that one.
    """
    width = float(np.clip(2 * LIMB_HALF_WIDTH * scale, _THINNEST, _THICKEST))
    limbs, limb_colours = _lines(points, _LIMB_ENDS, _LIMB_RGBA)
    hands, hand_colours = _lines(points, _HAND_ENDS, _HAND_RGBA)
    body = points[BODY]
    there = np.isfinite(body).all(axis=1)
    radius = width / 2 if colour is None else width / 3
    corners = body[there][:, None].astype(np.float32) + _DISC * np.float32(radius)
    discs = _flat(corners.reshape(-1, 2))
    disc_colours = np.repeat(_DISC_RGBA[there], len(_DISC), axis=0)
    if colour is not None:
        for table in (limb_colours, hand_colours, disc_colours):
            table[:] = colour
        width = max(_THINNEST, width / 2)
    return Strokes(
        limbs, limb_colours, width, hands, hand_colours, max(1.5, width / 3), discs, disc_colours
    )


def _lines(points: Array, ends: NDArray[np.int64], rgba: Floats) -> tuple[Floats, Floats]:
    pairs = points[ends]
    there = np.isfinite(pairs).all(axis=(1, 2))
    return _flat(pairs[there].reshape(-1, 2)), np.repeat(rgba[there], 2, axis=0)


def _flat(places: NDArray[Any]) -> Floats:
    """[N, 2] as float32 [N, 3], which the shaders want."""
    result = np.zeros((len(places), 3), np.float32)
    result[:, :2] = places
    return result
