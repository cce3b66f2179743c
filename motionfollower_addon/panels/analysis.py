"""Rows of the Actor section that say how far his analysis is, and what deserves a look."""

from __future__ import annotations

from typing import Any

from mf_backend.jobs.analysis.look import Look

from .. import ids
from ..host.run.analysis import Aim, AnalysisFlow, AnalysisStage
from ..host.run.session import current
from ..host.view.actor import stored
from .text import draw_text

_LOOKS = 8


def words(context: Any) -> str:
    """How far the analysis is, in a few words."""
    flow = current().analysis_of(context.scene.name)
    if flow is not None and not flow.stage.ended:
        word = "tuning" if flow.asked.aim is Aim.TUNE else "analysing"
        return f"{word}, {flow.progress()[0]:.0%}"
    actor = stored.known(context.scene)
    return "not analysed yet" if actor is None else f"{len(actor.frames)} frames"


def draw_analysis(layout: Any, context: Any, values: Any) -> None:
    """Analyse, its progress, and what was found."""
    flow = current().analysis_of(context.scene.name)
    if flow is not None and not flow.stage.ended:
        draw_running(layout, context, flow)
        return
    actor = stored.known(context.scene)
    layout.operator(
        ids.OP_ACTOR_ANALYSE, icon="VIEWZOOM", text="Analyse Actor" if actor is None else "Update"
    )
    analysed = flow is not None and flow.asked.aim is Aim.ANALYSE
    if analysed and flow.stage is AnalysisStage.FAILED and flow.error is not None:
        draw_text(layout, context, str(flow.error), "ERROR")
    _draw_person(layout, context)
    if actor is None:
        draw_text(layout, context, "A take analyses the actor, too, where that is not done yet.")
        return
    first, last = int(actor.frames[0]), int(actor.frames[-1])
    draw_text(layout, context, f"Analysed: frames {first + 1} to {last + 1} of the clip.")
    column = layout.column(align=True)
    column.prop(values, "actor_shown")
    row = column.row(align=True)
    row.enabled = values.actor_shown
    row.prop(values, "actor_layers")
    layout.operator(ids.OP_ACTOR_MATTE, icon="IMAGE_ALPHA")
    _draw_looks(layout, actor.looks)


def _draw_person(layout: Any, context: Any) -> None:
    """Choosing who is followed, and what was chosen, each with a button that takes it away."""
    clicks = stored.clicks_of(context.scene)
    if stored.glance(context.scene).people is not None:
        layout.operator(ids.OP_PERSON_CHOOSE, icon="RESTRICT_SELECT_OFF")
    for frame, x, y in clicks[:_LOOKS]:
        row = layout.row()
        row.label(text=f"Chosen on frame {frame + 1:g}, at {x:.0f}, {y:.0f}")
        row.operator(ids.OP_PERSON_FORGET, text="", icon="X").frame = int(frame)
    more = len(clicks) - _LOOKS
    if more > 0:
        layout.label(text=f"and {more} more")


def draw_running(layout: Any, context: Any, flow: AnalysisFlow) -> None:
    """How far it is, and a button that stops it."""
    share, said = flow.progress()
    row = layout.row(align=True)
    row.progress(factor=share, text=f"{share:.0%}")
    row.operator(ids.OP_ACTOR_CANCEL, text="", icon="X")
    draw_text(layout, context, said)


def _draw_looks(layout: Any, looks: tuple[Look, ...]) -> None:
    """Each line a button that goes to its first frame."""
    if not looks:
        return
    column = layout.column(align=True)
    column.label(text="Deserves a look:")
    for look in looks[:_LOOKS]:
        row = column.row()
        row.alignment = "LEFT"
        button = row.operator(
            ids.OP_ACTOR_LOOK, text=look_words(look), icon="FRAME_NEXT", emboss=False
        )
        button.frame = look.first
    more = len(looks) - _LOOKS
    if more > 0:
        column.label(text=f"and {more} more")


def look_words(look: Look) -> str:
    """A line: "Frames 31-34: right hand carried"; frames counted from 1, as people do."""
    if look.first == look.last:
        return f"Frame {look.first + 1}: {look.what}"
    return f"Frames {look.first + 1}-{look.last + 1}: {look.what}"
