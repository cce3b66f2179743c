"""The Actor section: who is in the footage, and his motion as a rig."""

from __future__ import annotations

from typing import Any

from ... import ids
from ...host.view import corrections, fit
from ...host.view.actor import stored
from .. import analysis
from ..actor_masks import draw_masks
from ..text import draw_text
from .base import Section, State

_LINES = 12


def state(context: Any, _: Any) -> State:
    """Whether the actor was looked for."""
    return State(analysis.words(context))


def draw(layout: Any, context: Any, values: Any) -> None:
    """His analysis, and making a rig of his motion."""
    analysis.draw_analysis(layout, context, values)
    known = stored.known(context.scene) is not None or fit.known(context.scene) is not None
    column = layout.column(align=True)
    column.prop(values, "actor_on_ground")
    column.prop(values, "actor_stature")
    row = layout.row()
    row.enabled = known
    row.operator(ids.OP_ACTOR_RIG, icon="ARMATURE_DATA")
    column = layout.column(align=True)
    column.prop(values, "actor_blend")
    column.operator(ids.OP_ACTOR_CORRECT, icon="CHECKMARK")
    listed = corrections.known(context.scene)
    _draw_corrections(layout, context, listed)
    draw_masks(layout, values, listed)
    column = layout.column(align=True)
    column.operator(ids.OP_PLATE_SHOW, icon="IMAGE_BACKGROUND")
    column.operator(ids.OP_PLATE_STRIP, icon="SEQUENCE")


def _draw_corrections(layout: Any, context: Any, listed: corrections.Listed) -> None:
    """What was put right, each with a button that takes it away."""
    if listed.trouble:
        draw_text(layout, context, listed.trouble, "ERROR")
    for line in listed.lines[:_LINES]:
        row = layout.row()
        row.label(text=line.text)
        row.operator(ids.OP_ACTOR_UNCORRECT, text="", icon="X").name = line.id
    more = len(listed.lines) - _LINES
    if more > 0:
        layout.label(text=f"and {more} more")


SECTION = Section(
    "actor",
    "Actor",
    "Who is in the footage: what was found of him or her, and that motion as a rig of its own",
    state,
    draw,
)
