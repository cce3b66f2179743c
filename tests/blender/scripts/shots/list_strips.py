"""Open FILE and write what its Sequencer holds to OUT as JSON."""

import json
import sys
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from loading import ARGUMENTS

bpy.ops.wm.open_mainfile(filepath=ARGUMENTS[0])
scene = bpy.context.scene
editor = scene.sequence_editor
found = []
for strip in editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all:
    new = hasattr(strip, "left_handle")
    item = {
        "name": strip.name,
        "type": strip.type,
        "channel": strip.channel,
        "start": strip.left_handle if new else strip.frame_final_start,
        "length": strip.duration if new else strip.frame_final_duration,
        "mute": strip.mute,
        "job": strip.get("motionfollower_job", ""),
        "files": [],
    }
    if strip.type == "IMAGE":
        folder = Path(bpy.path.abspath(strip.directory))
        item["files"] = [str(folder / element.filename) for element in strip.elements]
    found.append(item)
value = {
    "strips": found,
    "fps": scene.render.fps,
    "view": scene.view_settings.view_transform,
    "frame": scene.frame_current,
}
Path(ARGUMENTS[1]).write_text(json.dumps(value), encoding="utf-8")
