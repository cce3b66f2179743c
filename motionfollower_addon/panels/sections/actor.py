"""The Actor section: who is in the footage, and his motion as a rig."""

from __future__ import annotations

from typing import Any

from ... import ids
from ...host.view import fit
from ..text import draw_text
from .base import Section, State


def state(context: Any, _: Any) -> State:
    """Whether the actor was looked for."""
    job = fit.known(context.scene)
    return State("not looked for yet" if job is None else f"{job.conditions.count} frames")


def draw(layout: Any, context: Any, values: Any) -> None:
    """Making a rig of the actor's motion."""
    known = fit.known(context.scene) is not None
    if not known:
        draw_text(layout, context, "Render once with the preview engine to find the actor.")
    column = layout.column(align=True)
    column.prop(values, "actor_on_ground")
    column.prop(values, "actor_stature")
    row = layout.row()
    row.enabled = known
    row.operator(ids.OP_ACTOR_RIG, icon="ARMATURE_DATA")


SECTION = Section(
    "actor",
    "Actor",
    "Who is in the footage: what was found of him or her, and that motion as a rig of its own",
    state,
    draw,
)
