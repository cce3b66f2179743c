"""Bringing a result to the scene it was made for, and to no other."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import bpy

from .. import ids
from ..core.origin import Origin, home_scene
from . import compat


def mark(scene: Any) -> str:
    """The scene's own mark, given to it now where it has none; it survives renames and Save As."""
    settings = getattr(scene, ids.SCENE_PROPERTY)
    if not settings.scene_id:
        settings.scene_id = uuid.uuid4().hex
    return str(settings.scene_id)


def mark_again(scene: Any, scene_id: str) -> None:
    """Give a scene the mark back that an undo took away; another one stays."""
    settings = getattr(scene, ids.SCENE_PROPERTY)
    if not settings.scene_id:
        settings.scene_id = scene_id


def marks() -> tuple[tuple[str, str], ...]:
    """(name, mark) of the open file's scenes."""
    return tuple(
        (scene.name, str(getattr(scene, ids.SCENE_PROPERTY).scene_id)) for scene in bpy.data.scenes
    )


def find_home(origin: Origin) -> Any:
    """The scene of the open file that a job was made for; None while another file is open."""
    name = home_scene(origin, marks(), bpy.data.filepath)
    return bpy.data.scenes.get(name) if name else None


def by_uid(uid: int) -> Any:
    """The scene with Blender's own number, which holds until another file is opened, or None.

    It survives renaming and undo, which takes away a mark that was made after the step.
    """
    return next((scene for scene in bpy.data.scenes if scene.session_uid == uid), None)


def may_be_open(file: str) -> bool:
    """Whether the open file may be the one that was left at the path `file`.

    A copy with another name is another file as long as the first one exists; one that is gone was
    renamed or moved. A file that had no path can only be known by its scenes' marks.
    """
    if not file or not bpy.data.filepath or Path(file) == Path(bpy.data.filepath):
        return True
    return not Path(file).exists()


def take_arrived(scene: Any) -> None:
    """Let the Sequencer show the scene, redraw, and make the new take one step of undo."""
    compat.show_in_sequencer(bpy.context, scene)
    compat.redraw()
    for window in compat.windows():
        if not bpy.app.background:
            with bpy.context.temp_override(window=window):
                bpy.ops.ed.undo_push(message="New take")
        return
