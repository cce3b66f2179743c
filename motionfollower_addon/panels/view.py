"""Rows that show skeletons, footage and single frames before rendering."""

from __future__ import annotations

from typing import Any

from mf_backend.contracts.errors import MFError

from .. import ids
from ..host.view import backdrop, fit, one_frame, staleness
from .text import draw_text


def draw_overlay(layout: Any, context: Any, values: Any) -> None:
    """The live skeleton, and the footage behind it."""
    layout.prop(values, "show_overlay")
    try:
        on = bool(backdrop.shown(backdrop.camera_of(context)))
    except MFError:
        return
    layout.operator(ids.OP_BACKDROP, icon="IMAGE_BACKGROUND", depress=on)


def draw_fit_view(layout: Any, context: Any, values: Any) -> None:
    """The fitted skeletons, and one frame on demand."""
    job = fit.known(context.scene)
    column = layout.column()
    column.prop(values, "show_fitting")
    row = column.row()
    row.enabled = job is not None and job.masked
    row.operator(ids.OP_ONE_FRAME, icon="RENDER_STILL")
    draw_text(column, context, fit.words(context.scene))
    stale = staleness.changed_since(context.scene)
    if stale:
        draw_text(column, context, stale, "ERROR")
    asked = one_frame.latest()
    if asked is None:
        return
    if one_frame.waiting():
        column.label(text=f"Making frame {asked.index + 1}", icon="TIME")
    elif asked.error is not None:
        draw_text(column, context, str(asked.error))
