"""The Takes section: results over the footage: one visible at a time."""

from __future__ import annotations

from typing import Any

from ... import ids
from ...host import compat
from ...host.take import comparison, missing, record, strips, takes
from ..text import draw_text
from .base import Section, State


def state(context: Any, _: Any) -> State:
    """How many takes there are, and which is shown."""
    found = strips.takes(compat.sequencer_scene(context))
    shown = [strip.name for strip in found if not strip.mute]
    if not found:
        return State("none yet")
    gone = sum(missing.is_marked(strip) for strip in found)
    if gone:
        return State(f"{len(found)}, {gone} without pictures", False)
    return State(
        f"{len(found)}, {', '.join(shown)} shown" if shown else f"{len(found)}, all hidden"
    )


def draw(layout: Any, context: Any, _: Any) -> None:
    """A row for each take, the visible one with the settings that made it."""
    found = strips.takes(compat.sequencer_scene(context))
    if not found:
        layout.label(text="No takes yet: press Render Take", icon="INFO")
        return
    layout.use_property_split = False
    column = layout.column(align=True)
    for strip in found:
        job = str(strip.get(ids.STRIP_JOB))
        row = column.row(align=True)
        icon = "HIDE_ON" if strip.mute else "HIDE_OFF"
        row.operator(ids.OP_TAKE_SHOW, text="", icon=icon).job = job
        row.prop(strip, "name", text="")
        final = takes.is_final(strip)
        row.operator(ids.OP_TAKE_FINAL, text="", icon="SOLO_ON" if final else "SOLO_OFF").job = job
        compare = row.operator_menu_enum(
            ids.OP_TAKE_COMPARE, "mode", text="", icon="ARROW_LEFTRIGHT"
        )
        compare.job = job
        row.operator(ids.OP_TAKE_DELETE, text="", icon="TRASH").job = job
        if not strip.mute:
            draw_text(column, context, record.summary(strip))
            scene_values = getattr(compat.sequencer_scene(context), ids.SCENE_PROPERTY)
            _draw_comparison(column, scene_values, strip, job)
        if missing.is_marked(strip):
            draw_text(column, context, "Its pictures were not found: it is hidden.", "ERROR")
            column.operator(ids.OP_TAKE_RELINK, icon="FILE_REFRESH").job = job


def _draw_comparison(layout: Any, values: Any, strip: Any, job: str) -> None:
    """How the shown take is compared, and the way back."""
    mode = comparison.compared(strip)
    if mode is comparison.Compare.OFF:
        return
    row = layout.row(align=True)
    if mode is comparison.Compare.WIPE:
        row.prop(values, "wipe", slider=True)
    else:
        row.label(text="Footage left, take right", icon="ARROW_LEFTRIGHT")
    back = row.operator(ids.OP_TAKE_COMPARE, text="", icon="LOOP_BACK")
    back.job, back.mode = job, comparison.Compare.OFF.value


SECTION = Section(
    "takes",
    "Takes",
    "Finished results over the footage, one visible at a time",
    state,
    draw,
    opened=True,
)
