"""From a rig's joints in world space to the 60 joints of one skeleton picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import JOINT_COUNT, JOINT_INDEX

from .hands import finish_hands
from .projection import Camera, project
from .visibility import FACE, in_order, visible_face

Array = NDArray[np.float64]

_FACE = [JOINT_INDEX[name] for name in FACE]
_NECK, _RIGHT, _LEFT = (JOINT_INDEX[name] for name in ("neck", "right_shoulder", "left_shoulder"))


@dataclass(frozen=True)
class WorldPose:
    """A rig at one moment. `joints` [60, 3] in world space, NaN where the rig has none."""

    joints: Array
    head_forward: Array | None = None
    head_left: Array | None = None
    """Unit axes [3] of the head in world space; None without a head bone."""


def camera_positions(pose: WorldPose, camera: Camera) -> NDArray[np.float32]:
    """The joints as the camera sees them, float32 [60, 3] in the scene's unit: x right, y down, z
    away from the camera; NaN where the rig has none. Also of joints that a detector would not see.
    """
    points = finish_hands(pose.joints)
    points[_NECK] = (points[_RIGHT] + points[_LEFT]) / 2
    matrix = camera.world_to_camera
    seen = points @ matrix[:3, :3].T + matrix[:3, 3]
    # Blender's cameras look along -z with y up.
    return np.asarray(seen * [1.0, -1.0, -1.0], np.float32)


def compose(
    pose: WorldPose,
    camera: Camera,
    size: tuple[int, int],
    pixel_aspect: tuple[float, float] = (1.0, 1.0),
) -> NDArray[np.float32]:
    """Project a pose and leave out what a detector would not see; float32 [60, 2], NaN absent.

    The neck is the middle of the two projected shoulders, as in the pose pictures.
    """
    points = finish_hands(pose.joints)
    assert points.shape == (JOINT_COUNT, 3)
    joints, _ = project(points, camera, size, pixel_aspect)
    joints[_NECK] = (joints[_RIGHT] + joints[_LEFT]) / 2
    if pose.head_forward is not None and pose.head_left is not None:
        centre = np.nanmean(points[_FACE], axis=0, keepdims=True)
        towards = camera.towards(centre)[0]
        seen = in_order(visible_face(pose.head_forward, pose.head_left, towards))
        joints[[index for index, ok in zip(_FACE, seen, strict=True) if not ok]] = np.nan
    return joints.astype(np.float32)
