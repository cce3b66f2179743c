"""Open each .blend in FOLDER and write what is in it to OUT as JSON."""

import json
import sys
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from loading import ARGUMENTS, scenes

found = {}
for file in sorted(Path(ARGUMENTS[0]).glob("*.blend")):
    bpy.ops.wm.open_mainfile(filepath=str(file))
    scene = bpy.context.scene
    found[file.stem] = {
        "frame": scene.frame_current,
        "takes": [
            strip.name for strip in scenes().every_strip(scene) if strip.get("motionfollower_job")
        ],
        "action": scene.objects["Rig"].animation_data.action.name,
    }
Path(ARGUMENTS[1]).write_text(json.dumps(found), encoding="utf-8")
