"""Takes whose pictures are gone from disk: marked and muted before Blender draws them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError

from ... import ids
from .. import compat
from ..paths import real_path

_COLOR = "COLOR_01"


def _ours(scene: Any) -> Iterator[Any]:
    """Takes, and the image strips that a comparison shows."""
    if scene is None or scene.sequence_editor is None:
        return
    for strip in compat.all_strips(scene.sequence_editor):
        ours = strip.get(ids.STRIP_JOB) is not None or strip.get(ids.STRIP_HELPER) is not None
        if ours and strip.type == "IMAGE":
            yield strip


def pictures_there(strip: Any) -> bool:
    """Whether every picture of an image strip is in its folder; asks the disk once."""
    try:
        with os.scandir(real_path(strip.directory)) as entries:
            there = {entry.name for entry in entries}
    except OSError:
        # Gone, no folder, or not to be read: Blender cannot show it either.
        return False
    return all(item.filename in there for item in strip.elements)


def is_marked(strip: Any) -> bool:
    """Whether a take's pictures were gone when they were last looked for."""
    return strip.get(ids.STRIP_MISSING) is not None


def look(scene: Any) -> list[Any]:
    """Mark the takes of a scene whose pictures are gone, and free those that are back.

    Returns the strips that are marked now.
    """
    gone = []
    for strip in list(_ours(scene)):
        if pictures_there(strip):
            unmark(strip)
        else:
            _mark(scene, strip)
            gone.append(strip)
    return gone


def look_everywhere() -> None:
    """The same for every scene of the file that may be changed."""
    for scene in bpy.data.scenes:
        if scene.library is None:
            look(scene)


def require(scene: Any, strip: Any) -> None:
    """Raises InputError where a take's pictures are gone, and marks it."""
    if pictures_there(strip):
        unmark(strip)
        return
    _mark(scene, strip)
    raise InputError(
        "frames-missing",
        f"The pictures of {strip.name} are not in {real_path(strip.directory)}.",
        "Press Relink Take, and choose the folder that they are in now.",
    )


def _mark(scene: Any, strip: Any) -> None:
    if not is_marked(strip):
        before = {"mute": strip.mute, "color": strip.color_tag}
        strip[ids.STRIP_MISSING] = json.dumps(before)
        strip.color_tag = _COLOR
    strip.mute = True
    if any(item.orig_width or item.orig_height for item in strip.elements):
        # Earlier versions left them to chance, which Blender may die of.
        compat.reset_sizes(scene, strip)


def unmark(strip: Any) -> None:
    """Let a strip whose pictures are back be as it was."""
    if not is_marked(strip):
        return
    before = json.loads(strip[ids.STRIP_MISSING])
    del strip[ids.STRIP_MISSING]
    strip.mute, strip.color_tag = bool(before["mute"]), str(before["color"])
