"""The Render section: the button, why it is grey, and how far each run is."""

from __future__ import annotations

from typing import Any

from ... import ids
from ...host.run import readiness
from ...host.run.farm import sending
from ...host.run.session import current
from ..buttons import draw_preferences_button
from ..queue import draw_queue
from ..text import draw_text
from .base import Section, State


def state(context: Any, _: Any) -> State:
    """How far it is and how many wait, in a few words."""
    active, waiting = current().active, len(current().waiting)
    words = []
    if active:
        share, _text = active[0].progress()
        words.append(f"{share:.0%}" if len(active) == 1 else f"{share:.0%}, {len(active)} runs")
    if waiting:
        words.append(f"{waiting} to resume")
    if words:
        return State(", ".join(words))
    reason = readiness.missing(context)
    return State("not ready", False) if reason else State("ready")


def draw(layout: Any, context: Any, values: Any) -> None:
    """The button, why it is grey, the queue, and the way to a farm."""
    layout.prop(values, "title", placeholder="after the motion")
    layout.prop(values, "mp4", placeholder="no further copy")
    row = layout.row()
    row.scale_y = 1.4
    row.operator(ids.OP_RENDER, icon="RENDER_ANIMATION")
    reason = readiness.missing(context)
    if reason:
        draw_text(layout, context, reason)
        if readiness.no_backend() or readiness.engine_missing(values):
            draw_preferences_button(layout)
    draw_queue(layout, context)
    layout.operator(ids.OP_SEND_TO_FARM, icon="EXPORT")
    if sending.words():
        draw_text(layout, context, sending.words())


SECTION = Section(
    "render",
    "Render",
    "Start a take, and see how far each run is",
    state,
    draw,
    opened=True,
)
