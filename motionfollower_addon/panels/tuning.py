"""Rows of the Quality section that let the engine learn the footage, and say how far that is."""

from __future__ import annotations

from typing import Any

from .. import ids
from ..host.run.analysis import Aim, AnalysisFlow, AnalysisStage
from ..host.run.session import current
from ..host.view.actor import stored
from .analysis import draw_running
from .text import draw_text


def _flow(context: Any) -> AnalysisFlow | None:
    flow = current().analysis_of(context.scene.name)
    return flow if flow is not None and flow.asked.aim is Aim.TUNE else None


def draw_tuning(layout: Any, context: Any, values: Any) -> None:
    """Tune, its progress, and whether takes use it."""
    flow = _flow(context)
    if flow is not None and not flow.stage.ended:
        draw_running(layout, context, flow)
        return
    actor = stored.known(context.scene)
    there = actor is not None and values.engine in actor.tuned
    row = layout.row(align=True)
    row.operator(ids.OP_TUNE, icon="MODIFIER", text="Tune Again" if there else "Tune to Footage")
    if there:
        row.prop(values, "tuned")
    if flow is None:
        return
    if flow.stage is AnalysisStage.FAILED and flow.error is not None:
        draw_text(layout, context, str(flow.error), "ERROR")
    elif flow.stage is AnalysisStage.DONE and flow.status is not None:
        before, after = flow.status.decibels
        words = f"Inside the actor, on frames kept out: {before:.1f} dB before, {after:.1f} now."
        draw_text(layout, context, words)
