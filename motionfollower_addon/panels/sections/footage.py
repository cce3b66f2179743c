"""The Footage section: the clip whose actor gets the new motion."""

from __future__ import annotations

from typing import Any

from ...host import compat
from ...host.footage import on_disk, source
from ..text import draw_text
from .base import Section, State


def _strip(context: Any, values: Any) -> Any:
    return source.chosen_strip(compat.sequencer_scene(context), values.strip)


def _no_strip(context: Any, values: Any) -> str:
    if values.strip:
        return f"{values.strip} is gone"
    several = source.footage_strips(compat.sequencer_scene(context))
    return "choose a strip" if several else "no clip yet"


def state(context: Any, values: Any) -> State:
    """The chosen footage in a few words."""
    if values.source == "FILE":
        if on_disk.trouble("FILE", values.clip, None):
            return State("its file is missing", False)
        name = values.clip.replace("\\", "/").rstrip("/").rpartition("/")[2]
        return State(name or "no file chosen", bool(name))
    strip = _strip(context, values)
    if strip is None:
        return State(_no_strip(context, values), False)
    if on_disk.trouble("STRIP", "", strip):
        return State("its file is missing", False)
    return State(f"{compat.length(strip)} frames, {strip.name}")


def draw(layout: Any, context: Any, values: Any) -> None:
    """Strip or file, and which of its frames."""
    layout.row().prop(values, "source", expand=True)
    strip = None
    if values.source == "FILE":
        layout.prop(values, "clip", placeholder="video, or one numbered picture")
        layout.prop(values, "fps", text="Frame Rate" if values.fps else "Rate (0: own)")
    else:
        strip = _strip(context, values)
        layout.prop(
            values,
            "strip",
            icon="SEQUENCE" if strip is not None else "ERROR",
            placeholder=strip.name if strip is not None else _no_strip(context, values),
        )
        scene = compat.sequencer_scene(context)
        if scene is not None and scene != context.scene:
            layout.label(text=f"In the Sequencer of {scene.name}", icon="SCENE_DATA")
    trouble = on_disk.trouble(values.source, values.clip, strip)
    if trouble is not None:
        draw_text(layout, context, str(trouble), "ERROR")
    column = layout.column(align=True)
    column.prop(values, "first")
    column.prop(values, "count", text="Frames" if values.count else "Frames (0: all)")


SECTION = Section(
    "footage",
    "Footage",
    "The clip whose actor gets the new motion",
    state,
    draw,
)
