"""What keeps Render from working, in one sentence, cheap enough to ask at every redraw."""

from __future__ import annotations

import os
from typing import Any

from mf_backend.errors import MFError

from .. import ids
from ..core.backend_process import default_python
from . import clip, compat, lookup
from .options import options


def missing(context: Any) -> str:
    """The first thing that is missing for Render; empty where all is there."""
    scene = context.scene
    values = getattr(scene, ids.SCENE_PROPERTY)
    for check in (_footage, _armature, _action, _camera):
        try:
            check(context, scene, values)
        except MFError as error:
            return str(error)
    if not (options().backend_python or default_python(os.environ)):
        return "Set the backend's Python in the add-on's preferences."
    return ""


def _footage(context: Any, scene: Any, values: Any) -> None:
    shown = compat.sequencer_scene(context)
    if values.source == "FILE":
        if not values.clip:
            raise MFError("clip-unset", "Choose the file of the footage.")
    elif values.strip:
        clip.find_strip(shown, values.strip)
    elif clip.default_strip(shown) is None:
        have = clip.footage_strips(shown)
        raise MFError(
            "clip-unset",
            "Choose the strip that shows the actor: there are several."
            if have
            else "Add the clip to the Sequencer, or choose a file.",
        )


def _armature(_: Any, scene: Any, values: Any) -> None:
    lookup.find_armature(scene, values.armature.name if values.armature else "")


def _action(_: Any, scene: Any, values: Any) -> None:
    armature = lookup.find_armature(scene, values.armature.name if values.armature else "")
    fixed = (0.0, 0.0) if values.range_source != "ACTION" else ()
    lookup.find_range(scene, armature, values.action, fixed)


def _camera(_: Any, scene: Any, values: Any) -> None:
    lookup.find_camera(scene, values.camera.name if values.camera else "")
