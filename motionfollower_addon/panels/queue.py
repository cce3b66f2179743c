"""The queue: every run with its stage, bar, thumbnail and buttons; and jobs that wait on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import CancelledError, InputError, MFError

from .. import ids
from ..host.run.flow import RenderFlow
from ..host.run.session import current
from ..host.run.stages import FlowStage
from ..host.view import thumbnails
from .buttons import draw_preferences_button
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
_WHOLE, _LISTED = 5, 5
"""Runs drawn whole, of others the name and the buttons; and jobs on disk: the latest of each."""
_TOLD_WHOLE = (InputError, CancelledError)
"""Errors to which a log adds nothing."""


def draw_queue(layout: Any, context: Any) -> None:
    """Runs of this session, latest first, then jobs on disk."""
    latest = current().flows[::-1]
    for number, flow in enumerate(latest):
        if number < _WHOLE and not _folded(flow, number):
            draw_flow(layout.box(), context, flow)
        else:
            _draw_head(layout, flow)
    listed = {flow.folder for flow in current().flows}
    waiting = [job for job in current().waiting if job.folder not in listed]
    if not waiting:
        return
    box = layout.box()
    row = box.row()
    row.label(text="Not finished, or not brought in", icon="FILE_FOLDER")
    row.operator(ids.OP_RESCAN, text="", icon="FILE_REFRESH")
    for job in waiting[:_LISTED]:
        column = box.column(align=True)
        row = column.row(align=True)
        row.label(text=job.title)
        if job.finished:
            _draw_bring_in(row, job.folder, job.scene_gone)
        else:
            row.operator(ids.OP_RETRY, icon="PLAY").folder = str(job.folder)
        row.operator(ids.OP_OPEN_FOLDER, text="", icon="FILE_FOLDER").folder = str(job.folder)
        draw_text(column, context, job.words)
    if len(waiting) > _LISTED:
        more = len(waiting) - _LISTED
        draw_text(box, context, f"And {more} older; they come up as these are resumed or deleted.")


def _folded(flow: RenderFlow, number: int) -> bool:
    """Whether a row says no more than its name: what went well, once another run is above it."""
    return number > 0 and flow.stage is FlowStage.DONE and (flow.take_there or not flow.strip)


def draw_flow(layout: Any, context: Any, flow: RenderFlow) -> None:
    """One run."""
    share, words = flow.progress()
    _draw_head(layout, flow)
    if flow.stage is FlowStage.FAILED and flow.error is not None:
        draw_text(layout, context, error_words(flow.error, flow.log))
    elif not flow.stage.ended:
        layout.progress(factor=share, text=f"{share:.0%}")
        draw_text(layout, context, words)
        if flow.scene_gone:
            _draw_bring_in(layout, flow.folder, here=True)
        if flow.status is not None and flow.status.memory_bytes:
            held = flow.status.memory_bytes / 2**30
            layout.label(text=f"{held:.1f} GB of memory in use", icon="MEMORY")
        icon = thumbnails.icon_of(flow)
        if icon:
            layout.template_icon(icon_value=icon, scale=5.0)
    elif flow.strip:
        _draw_take(layout, context, flow)
    else:
        kept = "" if flow.stage is FlowStage.DONE else " What was finished is kept."
        draw_text(layout, context, f"{words}.{kept}")
    if flow.statement:
        draw_text(layout, context, flow.statement)
    warnings = flow.warnings + (flow.status.warnings if flow.status is not None else [])
    for _, message in warnings[:3]:
        draw_text(layout, context, message, "INFO")
    if flow.stage in (FlowStage.FAILED, FlowStage.CANCELLED):
        if flow.error is not None and flow.error.code in _MENDED_IN_PREFERENCES:
            draw_preferences_button(layout)
        _draw_again(layout, flow)


def _draw_take(layout: Any, context: Any, flow: RenderFlow) -> None:
    """Where the take is; the user may have undone or deleted it, or opened another file."""
    file = flow.destination.file
    if flow.take_there:
        draw_text(layout, context, f"In the Sequencer as {flow.strip}.")
    elif file:
        draw_text(layout, context, f"In the Sequencer of {Path(file).name} as {flow.strip}.")
    else:
        draw_text(layout, context, "Finished; the take is no longer in the Sequencer.")
        _draw_bring_in(layout, flow.folder, flow.destination.scene_gone)


def _draw_bring_in(layout: Any, folder: Path | None, here: bool) -> None:
    text = "Bring In Here" if here else "Bring In"
    button = layout.operator(ids.OP_BRING_IN, text=text, icon="IMPORT")
    button.folder, button.here = str(folder), here


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
    gone = flow.folder is None or (flow.error is not None and flow.error.code == "job-gone")
    text = "Try Again" if gone else "Resume"
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
    FlowStage.BRINGING_IN: "PAUSE",
}
