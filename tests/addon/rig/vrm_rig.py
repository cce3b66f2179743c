"""Has the VRM Add-on for Blender make its own armature and export it; runs in its own process.

Usage: vrm_rig.py FOLDER_OF_THE_ADD_ON RESULT.glb. The add-on stays out of the tests' own Blender.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

folder, result = sys.argv[1], Path(sys.argv[2])
sys.path.insert(0, folder)

import bpy  # noqa: E402 (after the path)

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.preferences.addon_enable(module="io_scene_vrm")
bpy.ops.icyp.make_basic_armature()
rig = bpy.context.object
rig.data.vrm_addon_extension.spec_version = "1.0"
vrm = result.with_suffix(".vrm")
bpy.ops.export_scene.vrm(filepath=str(vrm), armature_object_name=rig.name)
vrm.replace(result)  # a VRM file is a binary glTF, which Blender imports by that name only
sys.stdout.flush()
os._exit(0)  # the wheel crashes while the interpreter takes it down
