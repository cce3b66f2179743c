"""Has the VRM Add-on for Blender make its own armature and export it; runs in its own process.

Usage: vrm_rig.py FOLDER_OF_THE_ADD_ON RESULT.glb. Beside the result comes a JSON file of the
add-on's own tables of bone names. The add-on stays out of the tests' own Blender.
"""

from __future__ import annotations

import importlib
import json
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
tables = {}
for name in ("microsoft_rocketbox", "mixamo", "mpfb", "ready_player_me", "reallusion",
             "rigify_meta_rig", "unreal", "vrm_addon", "vroid"):  # fmt: skip
    module = importlib.import_module(f"io_scene_vrm.common.human_bone_mapper.{name}_mapping")
    for key, value in vars(module).items():
        if key.startswith("CONFIG") and isinstance(value, tuple):
            tables[value[0]] = {bone: human.title for bone, human in value[1].items()}
result.with_suffix(".json").write_text(json.dumps(tables), encoding="utf-8")
sys.stdout.flush()
os._exit(0)  # the wheel crashes while the interpreter takes it down
