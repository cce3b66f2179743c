"""MotionFollower for Blender: the actor of a clip performs the motion of a rig."""

from __future__ import annotations

from typing import Any

import bpy

from . import command_line, ids, preferences, properties
from .host import draw_cache, handlers
from .host.footage import on_disk
from .host.run import memory_need, session
from .host.run.farm import sending
from .host.setup import backend, weights
from .host.view import one_frame, overlay, thumbnails
from .operators import actor, farm, jobs, person, rig, run, setup, setup_weights, take, view
from .operators.mending import masks, plate
from .panels import sidebar

_CLASSES = (
    *properties.CLASSES,
    *preferences.CLASSES,
    *run.CLASSES,
    *jobs.CLASSES,
    *farm.CLASSES,
    *take.CLASSES,
    *view.CLASSES,
    *setup.CLASSES,
    *setup_weights.CLASSES,
    *rig.CLASSES,
    *actor.CLASSES,
    *person.CLASSES,
    *masks.CLASSES,
    *plate.CLASSES,
    *sidebar.CLASSES,
)


class _Command:
    """Blender's handle of the registered command line."""

    handle: Any = None


def register() -> None:
    """Switch the add-on on."""
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    properties.register()
    session.start()
    thumbnails.start()
    draw_cache.start()
    overlay.start()
    session.add_handlers()
    handlers.start()
    on_disk.start()
    backend.start()
    _Command.handle = bpy.utils.register_cli_command(ids.COMMAND, command_line.main)


def unregister() -> None:
    """Switch the add-on off: every trace goes, running jobs can be resumed later."""
    if _Command.handle is not None:
        bpy.utils.unregister_cli_command(_Command.handle)
        _Command.handle = None
    backend.stop()
    weights.stop()
    on_disk.stop()
    handlers.stop()
    session.remove_handlers()
    session.stop()
    overlay.stop()
    draw_cache.stop()
    one_frame.stop()
    memory_need.stop()
    sending.stop()
    thumbnails.stop()
    properties.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
