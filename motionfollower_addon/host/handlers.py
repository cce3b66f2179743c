"""What happens after another file was opened: its takes' pictures and its jobs are looked for."""

from __future__ import annotations

from typing import Any

import bpy

from .run.jobs_on_disk import look_again
from .take import missing

_AFTER_SECONDS = 0.5


@bpy.app.handlers.persistent
def after_load(*_: Any) -> None:
    """A file was opened, and nothing of it was drawn yet."""
    missing.look_everywhere()
    look_again()


def _first_look() -> None:
    """Once, after Blender has started: data cannot be read while add-ons are registered."""
    missing.look_everywhere()
    look_again()


def start() -> None:
    """Look at the open file soon, and at every one that is opened later."""
    bpy.app.handlers.load_post.append(after_load)
    if not bpy.app.background:
        bpy.app.timers.register(_first_look, first_interval=_AFTER_SECONDS)


def stop() -> None:
    """Look no more."""
    if bpy.app.timers.is_registered(_first_look):
        bpy.app.timers.unregister(_first_look)
    if after_load in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.remove(after_load)
