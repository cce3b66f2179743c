"""The Quality section: which engine makes the pictures, how well, and what it needs."""

from __future__ import annotations

from typing import Any

from ... import ids
from ...host.run import memory_need, readiness
from ..text import draw_text
from ..tuning import draw_tuning
from .base import Section, State


def state(context: Any, values: Any) -> State:
    """Engine and preset, or what they lack."""
    items = values.bl_rna.properties
    engine = items["engine"].enum_items[values.engine].name
    if readiness.engine_missing(values):
        return State("no weights yet", False)
    if memory_need.look(context, values).short:
        return State("too little memory", False)
    if values.engine == "preview":
        return State(str(engine))
    return State(f"{engine}, {items['quality'].enum_items[values.quality].name}")


def draw(layout: Any, context: Any, values: Any) -> None:
    """Engine, preset and memory."""
    layout.prop(values, "engine")
    if readiness.engine_missing(values):
        # The button that it keeps grey says the rest.
        layout.label(text="No weights yet: see Render", icon="ERROR")
    need = memory_need.look(context, values)
    if need.words:
        draw_text(layout, context, need.words, "ERROR" if need.short else "NONE")
    if values.engine == "preview":
        return
    layout.prop(values, "quality")
    layout.prop(values, "memory")
    layout.prop(values, "compile")
    layout.prop(values, "moving_camera")
    draw_tuning(layout, context, values)
    header, body = layout.panel(ids.PANEL_SAMPLING, default_closed=True)
    header.label(text="Sampling")
    if body is not None:
        column = body.column(align=True)
        column.prop(values, "seed")
        column.prop(values, "steps", text="Steps" if values.steps else "Steps (0: preset)")
        column.prop(values, "solver")
        start = "Start Strength" if values.start_strength else "Start Strength (0: weights' own)"
        column.prop(values, "start_strength", text=start)
        column.prop(values, "cfg")
        column.prop(values, "guidance")


SECTION = Section(
    "quality",
    "Quality",
    "Which engine makes the pictures, how well, and what it needs",
    state,
    draw,
)
