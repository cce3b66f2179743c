"""Bringing a result to the scene it was made for, and to no other."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.files import write_json

from ... import ids
from ...core.job.provenance import Origin, home_scene_name
from .. import compat

_HOME = "home.json"
"""In a job's folder: where the file with its scene is now."""


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


def find_scene(origin: Origin) -> Any:
    """The scene of the open file that a job was made for; None while another file is open."""
    name = home_scene_name(origin, marks(), bpy.data.filepath)
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
    if not file or not bpy.data.filepath or same_file(file, bpy.data.filepath):
        return True
    return not Path(file).exists()


def same_file(one: str, other: str) -> bool:
    """Whether two paths, neither of them empty, are the same."""
    return bool(one and other) and Path(one) == Path(other)


def remember_file(folder: Path) -> None:
    """Note in a job's folder which file its scene is in now: the first save, or a Save As.

    job.json is never changed, and tells where the scene was when the job was made.
    """
    if bpy.data.filepath and folder.is_dir():
        write_json(folder / _HOME, {"blend": str(Path(bpy.data.filepath).absolute())})


def known_file(folder: Path, origin: Origin) -> str:
    """Path of the file that a job's scene is in, as far as known; empty where never saved."""
    try:
        noted = json.loads((folder / _HOME).read_text(encoding="utf-8"))
        return str(noted["blend"])
    except (OSError, ValueError, KeyError, TypeError):
        # No note: the file was not saved under another name since.
        return origin.blend


def take_marks_off() -> list[tuple[int, str]]:
    """Take every mark off, for a startup file: each new file would have them. What was taken."""
    taken = []
    for scene in bpy.data.scenes:
        settings = getattr(scene, ids.SCENE_PROPERTY)
        if settings.scene_id:
            taken.append((int(scene.session_uid), str(settings.scene_id)))
            settings.scene_id = ""
    return taken


def put_marks_back(taken: list[tuple[int, str]]) -> None:
    """The other way."""
    for uid, scene_id in taken:
        scene = by_uid(uid)
        if scene is not None:
            mark_again(scene, scene_id)


def show_new_take(scene: Any) -> None:
    """Let the Sequencer show the scene, redraw, and make the new take one step of undo."""
    compat.show_in_sequencer(bpy.context, scene)
    compat.redraw_views("SEQUENCE_EDITOR")
    compat.redraw_panels()
    for window in compat.windows():
        if not bpy.app.background:
            with bpy.context.temp_override(window=window):
                bpy.ops.ed.undo_push(message="New take")
        return
