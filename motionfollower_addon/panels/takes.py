"""The takes over the footage: one visible at a time."""

from __future__ import annotations

from typing import Any

from .. import ids
from ..host import compat, take_list


def takes_state(context: Any, _: Any) -> str:
    """How many takes there are."""
    count = len(take_list.takes(compat.sequencer_scene(context)))
    return f"{count} take{'' if count == 1 else 's'}"


def draw_takes(layout: Any, context: Any, _: Any) -> None:
    """A row for each take, the visible one with the settings that made it."""
    found = take_list.takes(compat.sequencer_scene(context))
    if not found:
        layout.label(text="No takes yet", icon="INFO")
        return
    layout.use_property_split = False
    column = layout.column(align=True)
    for strip in found:
        job = str(strip.get(ids.STRIP_JOB))
        row = column.row(align=True)
        icon = "HIDE_ON" if strip.mute else "HIDE_OFF"
        row.operator(ids.OP_TAKE_SHOW, text="", icon=icon).job = job
        row.prop(strip, "name", text="")
        final = take_list.is_final(strip)
        row.operator(ids.OP_TAKE_FINAL, text="", icon="SOLO_ON" if final else "SOLO_OFF").job = job
        compare = row.operator_menu_enum(
            ids.OP_TAKE_COMPARE, "mode", text="", icon="ARROW_LEFTRIGHT"
        )
        compare.job = job
        row.operator(ids.OP_TAKE_DELETE, text="", icon="TRASH").job = job
        if not strip.mute:
            column.label(text=take_list.summary(strip))
