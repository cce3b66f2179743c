"""The queue: every run with its stage, bar, thumbnail and buttons; and jobs that wait on disk."""

from __future__ import annotations

from typing import Any

from .. import ids
from ..host import thumbnails
from ..host.render_flow import FlowStage, RenderFlow
from ..host.session import current
from .text import draw_text


def queue_state(_: Any, __: Any) -> str:
    """How many run and wait, in a few words."""
    active, waiting = len(current().active), len(current().waiting)
    words = [f"{active} running" if active else "", f"{waiting} waiting" if waiting else ""]
    return ", ".join(word for word in words if word)


def draw_queue(layout: Any, context: Any) -> None:
    """Runs of this session, latest first, then jobs on disk."""
    for flow in reversed(current().flows):
        draw_flow(layout.box(), context, flow)
    listed = {flow.folder for flow in current().flows}
    waiting = [job for job in current().waiting if job.folder not in listed]
    if waiting:
        layout.label(text="Waiting in the job folders", icon="FILE_FOLDER")
    for job in waiting:
        row = layout.row(align=True)
        row.label(text=f"{job.folder.name}: {job.words}")
        name = ids.OP_BRING_IN if job.finished else ids.OP_RETRY
        row.operator(name, text="", icon="IMPORT" if job.finished else "PLAY").folder = str(
            job.folder
        )
        row.operator(ids.OP_OPEN_FOLDER, text="", icon="FILE_FOLDER").folder = str(job.folder)


def draw_flow(layout: Any, context: Any, flow: RenderFlow) -> None:
    """One run."""
    share, words = flow.progress()
    key = str(flow.folder or id(flow))
    row = layout.row(align=True)
    row.label(text=flow.title, icon=_ICONS.get(flow.stage, "TIME"))
    if not flow.stage.ended:
        row.operator(ids.OP_CANCEL, text="", icon="CANCEL").folder = key
    else:
        if flow.stage is not FlowStage.DONE:
            row.operator(ids.OP_RETRY, text="", icon="FILE_REFRESH").folder = key
        row.operator(ids.OP_FORGET, text="", icon="X").folder = key
    if flow.stage is FlowStage.FAILED and flow.error is not None:
        draw_text(layout, context, str(flow.error))
        if flow.log:
            if flow.log not in str(flow.error):
                draw_text(layout, context, f"Its log is {flow.log}")
            layout.operator(ids.OP_OPEN_LOG, icon="TEXT").log = flow.log
    elif not flow.stage.ended:
        layout.progress(factor=share, text=words)
        if flow.status is not None and flow.status.memory_bytes:
            held = flow.status.memory_bytes / 2**30
            layout.label(text=f"{held:.1f} GB of memory held", icon="MEMORY")
        icon = thumbnails.icon_of(flow)
        if icon:
            layout.template_icon(icon_value=icon, scale=5.0)
    else:
        layout.label(text=flow.strip or words)
    if flow.statement:
        draw_text(layout, context, flow.statement)
    warnings = flow.warnings + (flow.status.warnings if flow.status is not None else [])
    for _, message in warnings[:3]:
        draw_text(layout, context, message)
    if flow.folder is not None:
        row = layout.row(align=True)
        row.operator(ids.OP_OPEN_FOLDER, icon="FILE_FOLDER").folder = str(flow.folder)
        row.operator(ids.OP_COPY_REPORT, icon="COPYDOWN").folder = str(flow.folder)


_ICONS = {
    FlowStage.DONE: "CHECKMARK",
    FlowStage.FAILED: "ERROR",
    FlowStage.CANCELLED: "CANCEL",
    FlowStage.HOMING: "PAUSE",
}
