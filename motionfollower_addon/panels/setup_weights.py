"""The preferences' part on weights: which are here, and getting, moving and deleting them."""

from __future__ import annotations

from typing import Any

from mf_backend.contracts.errors import CancelledError, InputError

from .. import ids
from ..core.setup.process import TaskPhase
from ..core.setup.weights import free_space, size_text
from ..host.setup.weights import weights_setup
from .text import draw_text


def draw_weights(layout: Any, context: Any, preferences: Any) -> None:
    """The folder, what is in it, and the buttons that look, import, fetch, move and delete."""
    weights = weights_setup()
    facts = weights.facts
    own = str(facts.get("folder") or "the backend's own folder")
    layout.prop(preferences, "weights", text="Folder", placeholder=own)
    if facts:
        _draw_facts(layout, context, facts)
    elif weights.task is None or weights.task.phase is not TaskPhase.RUNNING:
        layout.label(text="Press Look for Weights to see which are here.", icon="INFO")
    row = layout.row(align=True)
    row.operator(ids.OP_WEIGHTS_LOOK, icon="VIEWZOOM")
    row.operator(ids.OP_WEIGHTS_IMPORT, icon="IMPORT")
    if facts.get("kind"):
        row = layout.row(align=True)
        row.operator(ids.OP_WEIGHTS_VERIFY, text="Verify", icon="CHECKMARK")
        row.operator(ids.OP_WEIGHTS_MOVE, text="Move", icon="FILE_FOLDER")
        row.operator(ids.OP_WEIGHTS_DELETE, text="Delete", icon="TRASH")
    layout.prop(
        preferences,
        "downloads_folder",
        text="Downloads",
        placeholder="choose one before asking for sizes",
    )
    row = layout.row(align=True)
    row.operator(ids.OP_WEIGHTS_SIZES, icon="INFO")
    if weights.downloads:
        total = 0
        for item in weights.downloads:
            total += int(item["bytes"])
            layout.label(text=f"{item['where']}: {size_text(int(item['bytes']))}", icon="BLANK1")
        try:
            free = size_text(free_space(weights.downloads_folder))
            layout.label(text=f"Together {size_text(total)}; {free} are free there.")
        except InputError as error:
            layout.label(text=str(error))
        row.operator(ids.OP_WEIGHTS_FETCH, text=f"Fetch {size_text(total)}", icon="IMPORT")
    task = weights.task
    if task is None:
        return
    if task.phase is TaskPhase.RUNNING:
        row = layout.split(factor=0.8)
        row.label(text=task.text, icon="SORTTIME")
        row.operator(ids.OP_WEIGHTS_CANCEL, icon="CANCEL")
    elif task.error is not None:
        cancelled = isinstance(task.error, CancelledError)
        draw_text(layout, context, str(task.error), "INFO" if cancelled else "ERROR")
    else:
        draw_text(layout, context, f"{task.label}: done. {task.next_step}", "CHECKMARK")


def _draw_facts(layout: Any, context: Any, facts: dict[str, Any]) -> None:
    total = sum(int(item["bytes"]) for item in facts["files"].values())
    if facts["complete"]:
        kind = f"{facts['kind']}, {size_text(total)}" if facts["kind"] else ""
        text = f"All weights are here ({kind}): {facts['folder']}"
        draw_text(layout, context, text, "CHECKMARK")
        return
    if facts["kind"]:
        text = f"Missing in {facts['folder']}: {', '.join(facts['missing'])}"
    else:
        text = f"No weights are imported in {facts['folder']}; the preview engine needs none."
    draw_text(layout, context, text, "ERROR" if facts["kind"] else "INFO")
    layout.label(text="Needed, to be put into one folder and imported:")
    for item in facts["needed"]:
        draw_text(layout, context, f"{item['name']}: {item['holds']}; from {item['where']}")
    # One button for each page: several files may be on the same.
    pages = {str(item["url"]): str(item["where"]) for item in facts["needed"] if item.get("url")}
    for url, where in pages.items():
        text = where[:1].upper() + where[1:]
        layout.operator("wm.url_open", text=text, icon="URL").url = url
