"""Bringing a result to the scene it was made for, and to no other."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import bpy

from .. import ids
from ..core.origin import Origin
from . import compat


def mark(scene: Any) -> str:
    """The scene's own mark, given to it now where it has none; it survives renames and Save As."""
    settings = getattr(scene, ids.SCENE_PROPERTY)
    if not settings.scene_id:
        settings.scene_id = uuid.uuid4().hex
    return str(settings.scene_id)


def find_home(origin: Origin) -> Any:
    """The scene of the open file that a job was made for; None while another file is open."""
    marked = [
        scene
        for scene in bpy.data.scenes
        if origin.scene_id and getattr(scene, ids.SCENE_PROPERTY).scene_id == origin.scene_id
    ]
    # A copied scene carries the same mark; the name tells which one was meant.
    for scene in marked:
        if scene.name == origin.scene:
            return scene
    if marked:
        return marked[0]
    # The mark is lost where the file was never saved after it was made, or was undone.
    same_file = origin.blend and bpy.data.filepath and Path(origin.blend) == Path(bpy.data.filepath)
    return bpy.data.scenes.get(origin.scene) if same_file else None


def take_arrived(scene: Any) -> None:
    """Let the Sequencer show the scene, redraw, and make the new take one step of undo."""
    compat.show_in_sequencer(bpy.context, scene)
    compat.redraw()
    for window in compat.windows():
        if not bpy.app.background:
            with bpy.context.temp_override(window=window):
                bpy.ops.ed.undo_push(message="New take")
        return
