"""Takes what was posed on an actor rig as corrections of the actor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.mends.correction_file import (
    new_correction,
    read_corrections,
    with_correction,
    write_corrections,
)
from mf_backend.contracts.errors import InputError
from mf_backend.skeleton.joints import JOINT_COUNT

from ...core.actor.lifting.camera_rows import Views
from ...core.actor.material import ActorMaterial
from ...core.actor.rig.bones import BONES
from ...core.actor.rig.moved import joint_ends, moved, whole
from ..rig.motion_sampler import go_to_frame, view_layer_with
from . import marks

Array = NDArray[np.float64]


def apply_pose(context: Any, armature: Any, material: ActorMaterial, blend: int) -> int:
    """Keep the joints that were moved as corrections; how many frames have some.

    What is posed on the scene's frame counts whether it is keyed or not, and is keyed afterwards;
    on other frames what is keyed counts. Raises InputError where nothing of use was moved.
    """
    mark = _checked(armature, material)
    views = marks.views_as_made(armature, mark)
    before = marks.joints_as_made(armature, mark)
    here = frame_of(context.scene, mark)
    now = _joints(context, armature, mark, views, here)
    begin = mark.first - material.first
    places = moved(now, before, material.joints[begin : begin + mark.count], mark.size)
    if not places:
        raise _nothing_moved(context.scene, mark, here)
    corrections = read_corrections(material.mends)
    for frame, joints in places.items():
        new = new_correction(mark.first + frame, blend, joints)
        corrections = with_correction(corrections, new)
    write_corrections(material.mends, corrections)
    if here in places:
        _key(armature, mark.frames[here])
    rows = list(places)
    before[rows] = now[rows]
    marks.keep_joints(armature, before)
    return len(places)


def remove(material: ActorMaterial, name: str) -> None:
    """Take one correction away again. Raises InputError where there is none of that name."""
    before = read_corrections(material.mends)
    kept = [one for one in before if one.id != name]
    if len(kept) == len(before):
        raise InputError(
            "correction-gone",
            "That correction was taken away already.",
            "Look at the list again.",
        )
    write_corrections(material.mends, kept)


def frame_of(scene: Any, mark: marks.Mark) -> int | None:
    """Which of the clip's frames the scene shows; None outside of the clip."""
    away = np.abs(np.array(mark.frames) - (scene.frame_current + scene.frame_subframe))
    nearest = int(away.argmin())
    step = abs(mark.frames[1] - mark.frames[0]) if mark.count > 1 else 1.0
    return nearest if away[nearest] <= max(step, 1.0) / 2 + 1e-6 else None


def _checked(armature: Any, material: ActorMaterial) -> marks.Mark:
    mark = marks.read(armature)
    if mark is None:
        raise InputError(
            "actor-rig-none",
            "No actor rig is active, so there is no pose to take.",
            "Press Make Actor Rig, pose it where the skeleton is wrong, and keep it active.",
        )
    if mark.clip != material.clip or mark.size != material.size:
        raise InputError(
            "actor-rig-of-other-clip",
            f"The actor rig {armature.name!r} was made of another clip than the chosen footage, "
            f"{material.name}.",
            "Choose that clip in Footage, or make a rig of this one.",
        )
    last = mark.first + mark.count
    if mark.first < material.first or last > material.first + material.count:
        raise InputError(
            "actor-rig-longer",
            f"The actor rig {armature.name!r} has frames that were not looked at of this clip.",
            "Make the rig again.",
        )
    gone = [bone.name for bone in BONES if armature.pose.bones.get(bone.name) is None]
    if gone:
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        raise InputError(
            "actor-rig-bones",
            f"The actor rig {armature.name!r} has no bone named {', '.join(gone[:3])}{more}: they "
            "were renamed or deleted.",
            "Give them their names back, or make the rig again.",
        )
    return mark


def _joints(context: Any, armature: Any, mark: marks.Mark, views: Views, here: int | None) -> Array:
    """The rig's joints [n, 60, 2] as it is posed now on frame `here`, and keyed on the others."""
    scene, layer = context.scene, view_layer_with(context.scene, armature)
    points = np.full((mark.count, JOINT_COUNT, 3), np.nan)
    layer.update()
    if here is not None:
        points[here] = _points(armature, layer.depsgraph)
    before = scene.frame_current, scene.frame_subframe
    posed = {bone.name: bone.matrix_basis.copy() for bone in armature.pose.bones}
    try:
        for index, frame in enumerate(mark.frames):
            if index != here:
                go_to_frame(scene, layer, frame)
                points[index] = _points(armature, layer.depsgraph)
    finally:
        scene.frame_set(math.floor(before[0]), subframe=before[1])
        if here is not None:
            # What was posed and not keyed is gone with the first step in time.
            for bone in armature.pose.bones:
                bone.matrix_basis = posed[bone.name]
            layer.update()
    return whole(views.pixels(points))


def _points(armature: Any, depsgraph: Any) -> Array:
    """Joints [60, 3] in the world as the scene is evaluated; NaN where no bone ends in one."""
    evaluated = armature.evaluated_get(depsgraph)
    bones = evaluated.pose.bones
    joints = np.full((JOINT_COUNT, 3), np.nan)
    for joint, (name, at_tail) in joint_ends().items():
        joints[joint] = bones[name].tail if at_tail else bones[name].head
    matrix = np.array(evaluated.matrix_world, np.float64)
    result: Array = joints @ matrix[:3, :3].T + matrix[:3, 3]
    return result


def _key(armature: Any, frame: float) -> None:
    """Keep the pose that is shown in the rig's action, on that frame."""
    for bone in armature.pose.bones:
        turn = "rotation_quaternion" if bone.rotation_mode == "QUATERNION" else "rotation_euler"
        bone.keyframe_insert(turn, frame=frame)
        if bone.parent is None:
            bone.keyframe_insert("location", frame=frame)


def _nothing_moved(scene: Any, mark: marks.Mark, here: int | None) -> InputError:
    if here is None:
        return InputError(
            "correction-outside",
            f"Frame {scene.frame_current} is outside of the clip, which lies on scene frames "
            f"{mark.frames[0]:g} to {mark.frames[-1]:g}, and no joint was moved there.",
            "Go to a frame of the clip, pose the rig there and press again.",
        )
    return InputError(
        "correction-empty",
        "No joint of the actor rig was moved.",
        "Pose it where the skeleton is wrong, and press again.",
    )
