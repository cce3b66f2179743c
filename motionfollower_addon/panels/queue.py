"""The queue: every run with its stage, bar, thumbnail and buttons; and jobs that wait on disk."""

from __future__ import annotations

from typing import Any

from mf_backend.errors import CancelledError, InputError, MFError

from .. import ids
from ..host import readiness, thumbnails
from ..host.render_flow import FlowStage, RenderFlow
from ..host.session import current
from .section import State
from .sections import draw_preferences_button
from .text import draw_text

_MENDED_IN_PREFERENCES = frozenset(
    {
        "backend-not-set",
        "backend-not-installed",
        "backend-python",
        "backend-protocol",
        "engine-missing",
    }
)
"""Codes of errors whose next step is in the preferences."""
_TOLD_WHOLE = (InputError, CancelledError)
"""Errors to which a log adds nothing."""


def queue_state(context: Any, _: Any) -> State:
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


def draw_queue(layout: Any, context: Any) -> None:
    """Runs of this session, latest first, then jobs on disk."""
    for flow in reversed(current().flows):
        draw_flow(layout.box(), context, flow)
    listed = {flow.folder for flow in current().flows}
    waiting = [job for job in current().waiting if job.folder not in listed]
    if not waiting:
        return
    box = layout.box()
    row = box.row()
    row.label(text="Not finished, or not brought in", icon="FILE_FOLDER")
    row.operator(ids.OP_RESCAN, text="", icon="FILE_REFRESH")
    for job in waiting:
        column = box.column(align=True)
        row = column.row(align=True)
        row.label(text=job.title)
        name = ids.OP_BRING_IN if job.finished else ids.OP_RETRY
        icon = "IMPORT" if job.finished else "PLAY"
        row.operator(name, icon=icon).folder = str(job.folder)
        row.operator(ids.OP_OPEN_FOLDER, text="", icon="FILE_FOLDER").folder = str(job.folder)
        draw_text(column, context, job.words)


def draw_flow(layout: Any, context: Any, flow: RenderFlow) -> None:
    """One run."""
    share, words = flow.progress()
    _draw_head(layout, flow)
    if flow.stage is FlowStage.FAILED and flow.error is not None:
        draw_text(layout, context, error_words(flow.error, flow.log))
    elif not flow.stage.ended:
        layout.progress(factor=share, text=f"{share:.0%}")
        draw_text(layout, context, words)
        if flow.status is not None and flow.status.memory_bytes:
            held = flow.status.memory_bytes / 2**30
            layout.label(text=f"{held:.1f} GB of memory in use", icon="MEMORY")
        icon = thumbnails.icon_of(flow)
        if icon:
            layout.template_icon(icon_value=icon, scale=5.0)
    elif flow.strip:
        draw_text(layout, context, f"In the Sequencer as {flow.strip}.")
    else:
        draw_text(layout, context, f"{words}. What was finished is kept.")
    if flow.statement:
        draw_text(layout, context, flow.statement)
    warnings = flow.warnings + (flow.status.warnings if flow.status is not None else [])
    for _, message in warnings[:3]:
        draw_text(layout, context, message)
    if flow.stage in (FlowStage.FAILED, FlowStage.CANCELLED):
        if flow.error is not None and flow.error.code in _MENDED_IN_PREFERENCES:
            draw_preferences_button(layout)
        _draw_again(layout, flow)


def _key(flow: RenderFlow) -> str:
    return str(flow.folder or id(flow))


def _draw_head(layout: Any, flow: RenderFlow) -> None:
    """Name, and the small buttons at the right."""
    row = layout.row(align=True)
    row.label(text=flow.title, icon=_ICONS.get(flow.stage, "TIME"))
    if flow.folder is not None:
        row.operator(ids.OP_OPEN_FOLDER, text="", icon="FILE_FOLDER").folder = str(flow.folder)
        row.operator(ids.OP_COPY_REPORT, text="", icon="COPYDOWN").folder = str(flow.folder)
    if flow.stage.ended:
        row.operator(ids.OP_FORGET, text="", icon="X").folder = _key(flow)
    else:
        row.operator(ids.OP_CANCEL, text="", icon="CANCEL").folder = _key(flow)


def _draw_again(layout: Any, flow: RenderFlow) -> None:
    row = layout.row(align=True)
    # Nothing lies on disk before the motion was read: then it is a new start.
    text = "Resume" if flow.folder is not None else "Try Again"
    row.operator(ids.OP_RETRY, text=text, icon="FILE_REFRESH").folder = _key(flow)
    if flow.log and flow.error is not None and not isinstance(flow.error, _TOLD_WHOLE):
        row.operator(ids.OP_OPEN_LOG, icon="TEXT").log = flow.log


def error_words(error: MFError, log: str) -> str:
    """The error for a narrow panel: the log's path is left to the button that opens it."""
    if error.code == "engine-missing":
        return "The engine's weights are not here yet: import them in the preferences."
    text = str(error)
    if log and log in text:
        text = text[: text.index(log)].rpartition(". ")[0] + "."
    return text


_ICONS = {
    FlowStage.DONE: "CHECKMARK",
    FlowStage.FAILED: "ERROR",
    FlowStage.CANCELLED: "CANCEL",
    FlowStage.HOMING: "PAUSE",
}
