"""Whether the footage's file is on disk, said before the click on Render; never waits for a disk.

The paths are read here, in Blender's main thread; the looking is done by `core.path_watch`.
"""

from __future__ import annotations

from typing import Any

import bpy

from mf_backend.contracts.errors import InputError

from ...core.disk.path_watch import PathWatch
from .. import compat
from ..draw_cache import once
from ..paths import real_path
from .source import gone

_EVERY_SECONDS = 0.2


class _Holder:
    """What is known of files, and at which count of changes the panels were last drawn."""

    watch = PathWatch()
    drawn = 0


def path_of(strip: Any) -> str:
    """The file that a movie or image strip plays, of images the first shown; empty without."""
    if strip.type == "MOVIE":
        return str(strip.filepath)
    elements, trim = strip.elements, compat.content_trim(strip)
    return str(strip.directory + elements[trim].filename) if trim < len(elements) else ""


@once
def trouble(source: str, clip: str, strip: Any) -> InputError | None:
    """What to say where the file of the chosen footage is known not to be there, else None.

    `source` is the panel's ("FILE" or "STRIP"), `clip` the path for the one and `strip` for the
    other. Looking goes on behind the scenes, and panels are drawn again when the answer changes.
    """
    if source == "FILE":
        return gone(real_path(clip)) if clip and _gone(clip) else None
    path = path_of(strip) if strip is not None else ""
    return gone(real_path(path), strip.name) if path and _gone(path) else None


def _gone(path: str) -> bool:
    # Plain text: this is asked at every drawing, and a Path takes longer than the question.
    path = bpy.path.abspath(path)
    there = _Holder.watch.exists(path)
    listens = bpy.app.background or bpy.app.timers.is_registered(_listen)
    if _Holder.watch.waiting and not listens:
        bpy.app.timers.register(_listen, first_interval=_EVERY_SECONDS)
    return there is False


def _listen() -> float | None:
    """Draw again once an answer changed."""
    if _Holder.drawn != _Holder.watch.changes:
        _Holder.drawn = _Holder.watch.changes
        compat.redraw_panels()
    return _EVERY_SECONDS if _Holder.watch.waiting else None


@bpy.app.handlers.persistent
def after_load(*_: Any) -> None:
    """Another file: paths may mean other places now."""
    _Holder.watch.forget()


def start() -> None:
    """Ask anew in every file that is opened."""
    bpy.app.handlers.load_post.append(after_load)


def stop() -> None:
    """Listen no more; called when the add-on goes away."""
    if after_load in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.remove(after_load)
    if bpy.app.timers.is_registered(_listen):
        bpy.app.timers.unregister(_listen)
    _Holder.watch.forget()
