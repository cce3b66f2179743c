"""The 60 joints of a posed body, where annotators of pictures mark them.

Body joints are the points that annotators of COCO mark (anny's fit of them to the mesh), which the
skeletons of the networks were estimated as; the neck is the middle of the shoulders. Hand joints
are the centres of the fingers' joints. Each follows the bones as the skin does.
"""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from film.people import base
from mf_backend.skeleton.joints import BODY_JOINTS, FINGERS, JOINT_COUNT, JOINT_INDEX

Array = NDArray[np.float64]


def regressor() -> Array:
    """Weights [60, 19158] that give each joint from a body's vertices."""
    rows = np.zeros((JOINT_COUNT, len(base.base_mesh().vertices)))
    points = base.keypoints()
    for name in BODY_JOINTS:
        if name != "neck":
            rows[JOINT_INDEX[name]] = points[name]
    rows[JOINT_INDEX["neck"]] = (points["left_shoulder"] + points["right_shoulder"]) / 2
    for side in ("left", "right"):
        rows[JOINT_INDEX[f"{side}_hand_wrist"]] = points[f"{side}_wrist"]
        for number, finger in enumerate(FINGERS, start=1):
            for k in (1, 2, 3, 4):
                cube = base.cubes()[f"joint-{side[0]}-finger-{number}-{k}"]
                rows[JOINT_INDEX[f"{side}_hand_{finger}_{k}"], cube] = 1 / len(cube)
    return rows


class BodyJoints:
    """A body's joints in any pose of its armature."""

    def __init__(self, armature: bpy.types.Object, rig: str, vertices: NDArray[np.float32]) -> None:
        """`vertices` float32 [19158, 3] are the body's in rest, in the armature's space."""
        self.armature = armature
        self.bones = list(base.weights(rig))
        follow = np.zeros((len(vertices), len(self.bones)))
        for column, bone in enumerate(self.bones):
            rows = np.array(base.weights(rig)[bone])
            if len(rows):
                follow[rows[:, 0].astype(int), column] = rows[:, 1]
        whole = np.concatenate([vertices, np.ones((len(vertices), 1))], axis=1)
        # Joints are linear in the vertices and those in the bones: [60, bones, 4].
        self._moments = np.einsum("kv,vb,vc->kbc", regressor(), follow, whole, optimize=True)
        self._rest = np.stack(
            [np.linalg.inv(np.array(armature.data.bones[b].matrix_local)) for b in self.bones]
        )

    def now(self) -> Array:
        """Joints [60, 3] in world space, as the armature is evaluated now."""
        posed = self.armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        bones = np.stack([np.array(posed.pose.bones[b].matrix) for b in self.bones])
        points = np.einsum("bij,kbj->ki", bones @ self._rest, self._moments)[:, :3]
        world = np.array(posed.matrix_world)
        return points @ world[:3, :3].T + world[:3, 3]

    def head_axes(self, head: str) -> tuple[Array, Array]:
        """Forward and left [3] of the head in world space, unit length; `head` is its bone."""
        posed = self.armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
        index = self.bones.index(head)
        turn = np.array(posed.pose.bones[head].matrix) @ self._rest[index]
        axes = (np.array(posed.matrix_world) @ turn)[:3, :3]
        axes = axes / np.linalg.norm(axes, axis=0)
        return -axes[:, 1], axes[:, 0]
