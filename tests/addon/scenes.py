"""Small real scenes: a rig with Mixamo's bone names, a motion, a camera, and footage to match.

Needs bpy and nothing else, so that a real Blender can load this file too.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import bpy

SIZE = (96, 128)

_BONES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], str]] = {
    "Hips": ((0, 0, 1.0), (0, 0, 1.1), ""),
    "Spine": ((0, 0, 1.1), (0, 0, 1.45), "Hips"),
    "Neck": ((0, 0, 1.45), (0, 0, 1.55), "Spine"),
    "Head": ((0, 0, 1.55), (0, 0, 1.75), "Neck"),
}
for _side, _sign in (("Left", 1), ("Right", -1)):
    _BONES |= {
        f"{_side}Shoulder": ((0.03 * _sign, 0, 1.42), (0.18 * _sign, 0, 1.42), "Spine"),
        f"{_side}Arm": ((0.18 * _sign, 0, 1.42), (0.45 * _sign, 0, 1.42), f"{_side}Shoulder"),
        f"{_side}ForeArm": ((0.45 * _sign, 0, 1.42), (0.7 * _sign, 0, 1.42), f"{_side}Arm"),
        f"{_side}Hand": ((0.7 * _sign, 0, 1.42), (0.85 * _sign, 0, 1.42), f"{_side}ForeArm"),
        f"{_side}UpLeg": ((0.1 * _sign, 0, 0.95), (0.1 * _sign, 0.01, 0.5), "Hips"),
        f"{_side}Leg": ((0.1 * _sign, 0.01, 0.5), (0.1 * _sign, 0, 0.08), f"{_side}UpLeg"),
        f"{_side}Foot": ((0.1 * _sign, 0, 0.08), (0.1 * _sign, -0.15, 0.02), f"{_side}Leg"),
        f"{_side}ToeBase": ((0.1 * _sign, -0.15, 0.02), (0.1 * _sign, -0.22, 0.02), f"{_side}Foot"),
    }


def add_rig(scene: Any, name: str = "Rig") -> Any:
    """An armature of a person 1.75 m tall in T-pose, without any motion."""
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone_name, (head, tail, parent) in _BONES.items():
        bone = armature.data.edit_bones.new(bone_name)
        bone.head, bone.tail = head, tail
        if parent:
            bone.parent = armature.data.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return armature


def add_action(armature: Any, name: str, last: int, lift: float = 1.2) -> Any:
    """An action of frames 1 to `last` in which the arms go down and up; becomes the current one."""
    action = bpy.data.actions.new(name)
    action.use_fake_user = True
    if armature.animation_data is None:
        armature.animation_data_create()
    armature.animation_data.action = action
    for frame, share in ((1, 1.0), ((1 + last) / 2, -0.4), (last, 0.8)):
        for side, sign in (("Left", 1), ("Right", -1)):
            bone = armature.pose.bones[f"{side}Arm"]
            bone.rotation_mode = "XYZ"
            bone.rotation_euler = (lift * share, 0, 0.2 * sign)
            bone.keyframe_insert("rotation_euler", frame=frame)
    return action


def add_camera(scene: Any) -> Any:
    """A camera in front of the rig that sees it whole; becomes the scene's own."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    camera.location = (0, -5.0, 0.95)
    camera.rotation_euler = (math.radians(90), 0, 0)
    scene.camera = camera
    return camera


def make_scene(folder: Path, count: int = 6, name: str = "shöt 1") -> Any:
    """A saved file with rig, action, camera and an image strip of drawn footage from frame 10.

    `footage` under `folder` is as `write_clip` makes it. The figure's own joints and masks are
    given, so that nothing needs estimating.
    """
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    fill_scene(scene, folder, count)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{name}.blend"))
    return scene


def fill_scene(scene: Any, folder: Path, count: int) -> None:
    """Rig, action, camera and footage as `make_scene` has them, in the window's empty scene."""
    scene.render.fps = 24
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    add_action(add_rig(scene), "Wäve", count)
    add_camera(scene)
    material = folder / "footage"
    add_footage(scene, material / "clip", start=10)
    settings = scene.motionfollower
    settings.source_masks = str(material / "masks")
    settings.source_joints = str(material / "joints.npz")


def strips(scene: Any) -> Any:
    """The scene's strips, whatever this Blender calls them."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def every_strip(scene: Any) -> Any:
    """The scene's strips, those inside metas too."""
    editor = scene.sequence_editor
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def add_footage(scene: Any, folder: Path, start: int, channel: int = 2) -> Any:
    """An image strip of all pictures in a folder."""
    files = sorted(folder.iterdir())
    strip = strips(scene).new_image(
        name="footage", filepath=str(files[0]), channel=channel, frame_start=start
    )
    for file in files[1:]:
        strip.elements.append(file.name)
    return strip
