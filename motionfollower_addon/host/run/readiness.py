"""What keeps Render from working, in one sentence, cheap enough to ask at every redraw."""

from __future__ import annotations

import os
from typing import Any

import bpy

from mf_backend.contracts.errors import MFError

from ... import ids
from ...core.backend.process import default_python
from .. import compat
from ..draw_cache import once
from ..footage import on_disk, source
from ..options import options
from ..rig import bone_map, lookup
from .session import current


@once
def no_backend() -> bool:
    """Whether no backend was installed or named yet."""
    return not (options().backend_python or default_python(os.environ))


@once
def engine_missing(values: Any) -> str:
    """What the running backend lacks for the chosen engine; empty where it can run or is not known.

    A folder of weights that the preferences name is looked at when a job starts.
    """
    backend = current().backend
    said = backend.handshake if backend is not None else None
    if said is None or options().weights or not said.engine_missing(values.engine):
        return ""
    return "Its weights are not here yet: import them in the preferences, or choose Preview."


def backend_missing() -> str:
    """What to say where no backend was installed or named yet; empty where one was."""
    if no_backend():
        return "The backend is not installed yet: press Install Backend in the preferences."
    return ""


def footage_missing(context: Any) -> str:
    """What is wrong with the footage; empty where nothing seems to be."""
    try:
        _footage(context, getattr(context.scene, ids.SCENE_PROPERTY))
    except MFError as error:
        return str(error)
    return ""


def missing(context: Any) -> str:
    """The first thing that is missing for Render; empty where all is there."""
    scene = context.scene
    values = getattr(scene, ids.SCENE_PROPERTY)
    if no_backend():
        return backend_missing()
    try:
        _footage(context, values)
        _rig(scene, values)
        lookup.find_camera(scene, values.camera.name if values.camera else "")
    except MFError as error:
        return str(error)
    lacks = engine_missing(values)
    if lacks:
        return f"MotionFollower cannot run. {lacks}"
    return ""


def _footage(context: Any, values: Any) -> None:
    shown = compat.sequencer_scene(context)
    if values.source == "FILE":
        if not values.clip:
            raise MFError("clip-unset", "Choose the file of the footage.")
        _file_there(values, None)
        return
    strip = source.find_strip(shown, values.strip) if values.strip else source.default_strip(shown)
    if strip is None:
        raise MFError(
            "clip-unset",
            "Choose the strip that shows the actor: there are several."
            if source.footage_strips(shown)
            else "Add the clip to the Sequencer, or choose a file in Footage.",
        )
    source.require_plain_speed(shown, strip)
    _file_there(values, strip)


def _file_there(values: Any, strip: Any) -> None:
    """Raises InputError where the footage's file is known to be gone."""
    # Without a window nothing is kept up to date; the run itself looks.
    trouble = None
    if not bpy.app.background:
        trouble = on_disk.trouble(values.source, values.clip, strip)
    if trouble is not None:
        # Where it should be, a long path, the Footage section says.
        whose = f"The file of the strip {strip.name!r}" if strip is not None else "The clip"
        raise MFError("clip-missing", f"{whose} is not on disk.", "Choose it again: see Footage.")


def _rig(scene: Any, values: Any) -> None:
    armature = lookup.find_armature(scene, values.armature.name if values.armature else "")
    fixed = (0.0, 0.0) if values.range_source != "ACTION" else ()
    lookup.find_range(scene, armature, values.action, fixed)
    found = bone_map.detected(armature, "" if values.bone_map == "AUTO" else values.bone_map)
    if not found.usable:
        raise MFError("rig-unmapped", found.lines[0], found.next_step)
