"""Reads the joints of an armature from the evaluated scene: the pose as it really is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError
from mf_backend.skeleton.joints import JOINT_COUNT, JOINT_INDEX, JOINT_NAMES

from ... import ids
from ...core.rig.anatomy import anchor_position, rest_positions
from ...core.rig.bones import Bone
from ...core.rig.joints.compose import WorldPose
from ...core.rig.joints.convention import as_marked
from ...core.rig.joints.face import rest_head
from ...core.rig.joints.visibility import FACE
from ...core.rig.mapping import End, Mapping, joint_label, other_side
from .bones import bones_of

_FACE = [JOINT_INDEX[name] for name in FACE]
_OTHER_SIDE = [JOINT_INDEX[other_side(name)] for name in JOINT_NAMES]


class RigReader:
    """Joints of one armature in world space, at whatever time the scene is evaluated for.

    Constraints, drivers, NLA and parenting count, since only evaluated poses are read. The rig may
    be scaled, parented, linked, or an instance of a collection.
    """

    def __init__(self, armature: Any, mapping: Mapping) -> None:
        """Raises InputError where a required joint is unmapped or a mapped bone is gone."""
        if armature is None or armature.type != "ARMATURE":
            raise InputError("armature-missing", "Choose an armature, or add one to the scene.")
        if mapping.missing:
            raise InputError(
                "rig-unmapped",
                f"The armature {armature.name!r} has no bone for "
                f"{', '.join(joint_label(joint) for joint in mapping.missing)}.",
                "Choose the bones yourself in the panel's Bones section.",
            )
        if armature.mode == "EDIT":
            raise InputError(
                "rig-edited",
                f"The armature {armature.name!r} is in edit mode, where it has no pose.",
                "Leave edit mode (Tab) and try again.",
            )
        if armature.data.pose_position == "REST":
            raise InputError(
                "rig-at-rest",
                f"The armature {armature.name!r} is set to its rest position and does not move.",
                "Choose Pose Position in the armature's data properties.",
            )
        bones = bones_of(armature)
        names = {bone.name: bone for bone in bones}
        gone = sorted({a.bone for a in mapping.joints.values() if a.bone not in names})
        if gone:
            raise InputError(
                "bone-missing",
                f"The armature {armature.name!r} has no bone named {', '.join(gone)}.",
                "Detect the bones again, or choose others in the panel's Bones section.",
            )
        self.armature = armature
        self.mapping = mapping
        self._points: list[tuple[int, str, str, Vector]] = []
        """(joint, bone, "head" or "tail" or "carried", point in the bone's rest space)."""
        for joint, anchor in mapping.joints.items():
            if joint not in JOINT_INDEX or joint in FACE:
                continue
            index, kind, place = JOINT_INDEX[joint], str(anchor.end), Vector()
            if anchor.end is End.TIP:
                kind, place = self._carried(anchor.bone, anchor_position(anchor, names))
            self._points.append((index, anchor.bone, kind, place))
        self._set_face(mapping, bones, names)

    def _carried(self, bone: str, position: Any) -> tuple[str, Vector]:
        """A point of the rest pose (armature space) that a bone carries along."""
        rest = self.armature.data.bones[bone].matrix_local
        return "carried", rest.inverted() @ Vector(position)

    def _set_face(self, mapping: Mapping, bones: tuple[Bone, ...], names: dict[str, Bone]) -> None:
        self._head_bone = ""
        self._head_axes = Matrix.Identity(3)
        for joint in FACE:
            if joint in mapping.joints:
                anchor = mapping.joints[joint]
                kind, place = str(anchor.end), Vector()
                if anchor.end is End.TIP:
                    kind, place = self._carried(anchor.bone, anchor_position(anchor, names))
                self._points.append((JOINT_INDEX[joint], anchor.bone, kind, place))
        head = rest_head(rest_positions(mapping, bones))
        if head is None:
            return
        self._head_bone = mapping.joints["head"].bone
        rest = self.armature.data.bones[self._head_bone].matrix_local.to_3x3()
        axes = Matrix((head.forward, head.left, head.up)).transposed()
        self._head_axes = rest.inverted() @ axes
        for joint, position in zip(FACE, head.points, strict=True):
            if joint not in mapping.joints:
                kind, place = self._carried(self._head_bone, position)
                self._points.append((JOINT_INDEX[joint], self._head_bone, kind, place))

    def read(self, depsgraph: Any) -> WorldPose:
        """The pose that `depsgraph` holds now, its joints where pictures are marked."""
        pose = self.read_bones(depsgraph)
        if self.armature.get(ids.ACTOR_RIG) is not None:
            # Made of marks in pictures, it has its joints there already.
            return pose
        return replace(pose, joints=as_marked(pose.joints))

    def read_bones(self, depsgraph: Any) -> WorldPose:
        """The same with each joint exactly at its bone's end."""
        evaluated, world = self._evaluated(depsgraph)
        bones = evaluated.pose.bones
        joints = np.full((JOINT_COUNT, 3), np.nan)
        for index, name, kind, place in self._points:
            bone = bones[name]
            if kind == "head":
                joints[index] = bone.head
            elif kind == "tail":
                joints[index] = bone.tail
            else:
                joints[index] = bone.matrix @ place
        matrix = np.array(world, np.float64)
        joints = joints @ matrix[:3, :3].T + matrix[:3, 3]
        forward = left = None
        if self._head_bone:
            axes = (world @ bones[self._head_bone].matrix).to_3x3() @ self._head_axes
            forward, left = (_unit(np.array(axes.col[k])) for k in (0, 1))
        if np.linalg.det(matrix[:3, :3]) < 0:
            # A negative scale makes the person's left arm a right arm, as a mirror does.
            joints = joints[_OTHER_SIDE]
            left = None if left is None else -left
        return WorldPose(joints, forward, left)

    def _evaluated(self, depsgraph: Any) -> tuple[Any, Any]:
        """The evaluated armature and its matrix in the world, through an instance if need be."""
        # What the instances are iterated by dies with the iteration: only their matrix is copied.
        evaluated = self.armature.evaluated_get(depsgraph)
        if depsgraph.view_layer.objects.get(self.armature.name) == self.armature:
            return evaluated, evaluated.matrix_world
        for instance in depsgraph.object_instances:
            if instance.is_instance and instance.object.original == self.armature:
                return evaluated, instance.matrix_world.copy()
        raise InputError(
            "armature-not-in-scene",
            f"The armature {self.armature.name!r} takes no part in the scene.",
            "Switch its collection on in the scene's view layer.",
        )


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
