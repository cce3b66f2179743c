"""The two motions of the demo, keyed on the figure's armature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import bpy
from mathutils import Quaternion, Vector

KEY_EVERY = 3
"""Frames between keys; Blender's curves do the rest."""


@dataclass(frozen=True)
class Stance:
    """Where the body is at one moment. Metres and radians, in the armature's space; x is its left.

    Arm directions are (out to the side, up, towards the camera), for the left and the right arm.
    """

    hips: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: float = 0.0
    lean: float = 0.0
    nod: float = 0.0
    upper_arms: tuple[tuple[float, float, float], tuple[float, float, float]] = (
        (0.3, -1.0, 0.0), (0.3, -1.0, 0.0)
    )  # fmt: skip
    forearms: tuple[tuple[float, float, float], tuple[float, float, float]] = (
        (0.2, -1.0, 0.2), (0.2, -1.0, 0.2)
    )  # fmt: skip
    feet: tuple[tuple[float, float], tuple[float, float]] = field(default=((0.0, 0.0), (0.0, 0.0)))
    """Each foot's way to the left and its height above the floor."""


Motion = Callable[[float], Stance]
"""A motion: stance at a time in seconds."""


def strolling(t: float) -> Stance:
    """What the actor does in the footage: weight from foot to foot, arms swinging low."""
    beat = 2 * math.pi * t / 1.6
    sway = math.sin(beat)
    drift = 0.16 * math.sin(beat / 2)
    return Stance(
        hips=(drift + 0.05 * sway, 0.0, -0.035 - 0.015 * abs(sway)),
        turn=0.22 * math.sin(beat / 2 + 0.6),
        lean=0.05 * sway,
        upper_arms=((0.34, -1.0, 0.30 * sway), (0.34, -1.0, -0.30 * sway)),
        forearms=((0.24, -1.0, 0.30 + 0.35 * sway), (0.24, -1.0, 0.30 - 0.35 * sway)),
        feet=(
            (drift + 0.04, 0.05 * max(0.0, -sway)),
            (drift - 0.04, 0.05 * max(0.0, sway)),
        ),
    )


def waving(t: float) -> Stance:
    """What the rig does: side steps with both arms raised, the hands waving."""
    beat = 2 * math.pi * t / 2.0
    side = math.sin(beat)
    wave = math.sin(3 * beat)
    step = 0.10 * side
    return Stance(
        hips=(step, 0.0, -0.05 + 0.012 * math.cos(2 * beat)),
        lean=-0.10 * side,
        nod=0.06 * math.sin(2 * beat),
        upper_arms=((1.0, 0.10 + 0.30 * side, 0.10), (1.0, 0.10 - 0.30 * side, 0.10)),
        forearms=((0.30 + 0.45 * wave, 1.0, 0.20), (0.30 - 0.45 * wave, 1.0, 0.20)),
        feet=(
            (0.06 + 0.06 * side, 0.06 * max(0.0, math.cos(beat))),
            (-0.06 + 0.06 * side, 0.06 * max(0.0, -math.cos(beat))),
        ),
    )


def key_action(
    armature: bpy.types.Object, motion: Motion, name: str, first: int, count: int, fps: float
) -> bpy.types.Action:
    """Key `motion` on the armature over `count` frames from `first`, as an action of this name."""
    scene = bpy.context.scene
    action = bpy.data.actions.new(name)
    action.use_fake_user = True
    armature.animation_data_create().action = action
    last = first + count - 1
    frames = [*range(first, last, KEY_EVERY), last]
    for frame in frames:
        scene.frame_set(frame)
        _take(armature, motion((frame - first) / fps))
        for name_of_bone, channel in _CHANNELS:
            armature.pose.bones[name_of_bone].keyframe_insert(channel, frame=frame)
    scene.frame_set(first)
    return action


_CHANNELS = (
    ("spine", "location"), ("spine", "rotation_quaternion"),
    ("spine.002", "rotation_quaternion"), ("spine.006", "rotation_quaternion"),
    *((f"{bone}.{side}", "rotation_quaternion")
      for bone in ("upper_arm", "forearm", "hand") for side in ("L", "R")),
    *((f"{bone}.{side}", "location") for bone in ("foot_ik", "knee_ik") for side in ("L", "R")),
)  # fmt: skip


def _take(armature: bpy.types.Object, stance: Stance) -> None:
    """Put the armature into a stance."""
    bones = armature.pose.bones
    for name, _ in _CHANNELS:
        bones[name].rotation_mode = "QUATERNION"
    _place(armature, "spine", Vector(stance.hips))
    _turn(armature, "spine", Quaternion((0, 0, 1), stance.turn))
    _turn(armature, "spine.002", Quaternion((0, 1, 0), stance.lean))
    _turn(armature, "spine.006", Quaternion((1, 0, 0), stance.nod))
    for side, sign, (way, height) in (("L", 1, stance.feet[0]), ("R", -1, stance.feet[1])):
        _place(armature, f"foot_ik.{side}", Vector((way, 0.0, height)))
        _place(armature, f"knee_ik.{side}", Vector((way + 0.3 * sign * 0.1, 0.0, 0.0)))
    bpy.context.view_layer.update()
    for index, (side, sign) in enumerate((("L", 1), ("R", -1))):
        for bone, arms in (("upper_arm", stance.upper_arms), ("forearm", stance.forearms)):
            out, up, front = arms[index]
            _aim(bones[f"{bone}.{side}"], Vector((sign * out, -front, up)))
            bpy.context.view_layer.update()
        bones[f"hand.{side}"].rotation_quaternion = Quaternion()


def _place(armature: bpy.types.Object, name: str, offset: Vector) -> None:
    """Move a bone by an offset given in the armature's space."""
    rest = armature.data.bones[name].matrix_local.to_3x3()
    armature.pose.bones[name].location = rest.inverted() @ offset


def _turn(armature: bpy.types.Object, name: str, turn: Quaternion) -> None:
    """Turn a bone about an axis given in the armature's space, from its rest."""
    rest = armature.data.bones[name].matrix_local.to_quaternion()
    armature.pose.bones[name].rotation_quaternion = rest.inverted() @ turn @ rest


def _aim(bone: bpy.types.PoseBone, direction: Vector) -> None:
    """Turn a bone so that it points along `direction`, the shortest way from its rest."""
    bone.rotation_quaternion = Quaternion()
    bpy.context.view_layer.update()
    matrix = bone.matrix.copy()
    turn = (matrix.to_3x3() @ Vector((0, 1, 0))).rotation_difference(direction)
    turned = turn.to_matrix().to_4x4() @ matrix
    turned.translation = matrix.translation
    bone.matrix = turned
