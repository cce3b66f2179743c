"""The preferences' part on setting up: backend and device, and then the weights."""

from __future__ import annotations

import os
from typing import Any

import bpy

from mf_backend.contracts.errors import CancelledError, MissingComponentError

from .. import ids
from ..core.backend.process import default_python, require_python
from ..core.backend.state import BackendState
from ..core.setup.installer.marker import SetupState
from ..core.setup.installer.plan import GIGABYTE, NEEDED_BYTES
from ..core.setup.process import TaskPhase
from ..core.setup.weights import free_space, size_text
from ..host.run.session import current
from ..host.setup.backend import backend_setup
from .setup_weights import draw_weights
from .text import draw_text

_STATE_TEXT = {
    SetupState.ABSENT: ("The backend is not installed yet.", "ERROR"),
    SetupState.INCOMPLETE: (
        "Installed only in part: press Go On Installing; what is there is kept.",
        "ERROR",
    ),
    SetupState.OTHER_VERSION: ("The installed backend does not fit this add-on any more.", "ERROR"),
    SetupState.READY: ("The backend is installed and has answered.", "CHECKMARK"),
    SetupState.WORKING: ("Installing. You can go on working meanwhile.", "SORTTIME"),
}
_INSTALL_TEXT = {
    SetupState.ABSENT: "Install Backend",
    SetupState.INCOMPLETE: "Go On Installing",
    SetupState.OTHER_VERSION: "Update Backend",
    SetupState.READY: "Repair",
}


def draw_setup(layout: Any, context: Any, preferences: Any) -> None:
    """Everything that is needed before the first job."""
    _draw_backend(_box(layout, "Backend: What Makes the Pictures", "CONSOLE"), context, preferences)
    _draw_device(_box(layout, "Device of the MotionFollower Engine", "MEMORY"), preferences)
    draw_weights(
        _box(layout, "Weights: What the MotionFollower Engine Has Learnt", "FILE_3D"),
        context,
        preferences,
    )


def _box(layout: Any, title: str, icon: str) -> Any:
    box = layout.box()
    box.label(text=title, icon=icon)
    box.use_property_split = True
    box.use_property_decorate = False
    return box


def _draw_backend(layout: Any, context: Any, preferences: Any) -> None:
    setup = backend_setup()
    state = setup.state()
    used = preferences.backend_python or default_python(os.environ)
    text, icon = _STATE_TEXT[state]
    if state is SetupState.ABSENT and used:
        text, icon = "A backend that you installed yourself is used.", "CHECKMARK"
    if used and state is not SetupState.WORKING:
        text, icon = _trouble(used) or text, "ERROR" if _trouble(used) else icon
    layout.label(text=text, icon=icon)
    mismatch = setup.mismatch()
    if mismatch:
        draw_text(layout, context, mismatch, "BLANK1")
    if state is SetupState.WORKING:
        _draw_progress(layout)
    else:
        _draw_buttons(layout, context, state, bool(mismatch))
    _draw_outcome(layout, context, state)
    _draw_choices(layout, preferences, state)
    _draw_check(layout, context)


def _trouble(used: str) -> str:
    """Why the Python that is used cannot be the backend's, as far as known; else empty."""
    try:
        require_python(used, os.environ)
    except MissingComponentError as error:
        return error.message
    backend = current().backend
    failed = backend is not None and backend.failure is not None
    return "The Python that is used does not start a backend: see below." if failed else ""


def _draw_choices(layout: Any, preferences: Any, state: SetupState) -> None:
    """Where the backend goes and what it is made of; the defaults suit nearly everybody."""
    shown = preferences.show_choices
    icon = "DOWNARROW_HLT" if shown else "RIGHTARROW"
    row = layout.row()
    row.alignment, row.use_property_split = "LEFT", False
    row.prop(preferences, "show_choices", icon=icon, emboss=False)
    if not shown:
        return
    column = layout.column()
    column.enabled = state is not SetupState.WORKING
    column.prop(preferences, "install_folder", placeholder=str(backend_setup().paths.folder))
    column.prop(preferences, "python_choice")
    if preferences.python_choice == "CHOSEN":
        column.prop(preferences, "python_path")
    column.prop(preferences, "torch_choice")
    found = default_python(os.environ)
    column.prop(preferences, "backend_python", placeholder=found or "set by installing")


def _draw_check(layout: Any, context: Any) -> None:
    """Whether the backend answers, and its log."""
    row = layout.row()
    row.operator(ids.OP_CHECK_BACKEND, icon="FILE_REFRESH")
    row.operator(ids.OP_OPEN_LOG, text="Backend's Log", icon="TEXT")
    backend = current().backend
    if backend is None or backend.state is BackendState.STOPPED:
        return
    if backend.failure is not None:
        draw_text(layout, context, str(backend.failure), "ERROR")
    elif backend.handshake is not None:
        said = backend.handshake
        layout.label(
            text=f"It runs: version {said.backend}, Python {said.python}", icon="CHECKMARK"
        )
    else:
        layout.label(text="It starts; this takes some seconds", icon="SORTTIME")


def _draw_buttons(layout: Any, context: Any, state: SetupState, mismatch: bool) -> None:
    if state is SetupState.ABSENT:
        free = size_text(free_space(backend_setup().paths.folder))
        low = NEEDED_BYTES["processor"] / GIGABYTE
        high = NEEDED_BYTES["cuda"] / GIGABYTE
        draw_text(
            layout,
            context,
            f"It takes about {low:.1f} GiB of disk, with an NVIDIA card {high:.0f} GiB; "
            f"{free} are free.",
            "DISK_DRIVE",
        )
    if not bpy.app.online_access:
        text = "Blender's online access is off: allow it under System, Network to install."
        draw_text(layout, context, text, "INTERNET_OFFLINE")
    row = layout.row(align=True)
    row.scale_y = 1.3
    text = "Mend: Install the Fitting Backend" if mismatch else _INSTALL_TEXT[state]
    row.operator(ids.OP_INSTALL, text=text, icon="IMPORT")
    if state is not SetupState.ABSENT:
        row.operator(ids.OP_VERIFY, icon="CHECKMARK")
        row.operator(ids.OP_REMOVE, text="Remove", icon="TRASH")


def _draw_progress(layout: Any) -> None:
    process = backend_setup().process
    if process is None:
        return
    status = process.status
    percent = f"{status.fraction * 100:.0f} %"
    row = layout.split(factor=0.8)
    row.progress(factor=status.fraction, text=f"{percent}  {status.text}")
    row.operator(ids.OP_CANCEL_INSTALL, icon="CANCEL")


def _draw_outcome(layout: Any, context: Any, state: SetupState) -> None:
    process, marker = backend_setup().process, backend_setup().marker
    if process is not None and process.status.error is not None:
        cancelled = isinstance(process.status.error, CancelledError)
        draw_text(layout, context, str(process.status.error), "INFO" if cancelled else "ERROR")
    elif process is not None and process.status.phase is TaskPhase.DONE:
        for text in process.status.warnings:
            draw_text(layout, context, text, "INFO")
    elif marker is not None and marker.torch_note:
        draw_text(layout, context, marker.torch_note, "BLANK1")
    if state is not SetupState.ABSENT:
        if marker is not None and marker.torch:
            layout.label(text=f"Python {marker.python}, PyTorch {marker.torch}", icon="BLANK1")
        layout.operator(ids.OP_INSTALL_LOG, icon="TEXT")


def _draw_device(layout: Any, preferences: Any) -> None:
    backend, marker = current().backend, backend_setup().marker
    devices = [("auto", "")]
    if backend is not None and backend.handshake is not None:
        devices += [
            (str(item.get("id")), str(item.get("name"))) for item in backend.handshake.devices
        ]
    elif marker is not None:
        devices += [
            (name, text) for name, _, text in (item.partition(": ") for item in marker.devices)
        ]
    column = layout.column(align=True)
    for name, text in devices:
        chosen = preferences.device == name
        column.operator(
            ids.OP_DEVICE,
            text="Automatic: the fastest one" if name == "auto" else f"{text} ({name})",
            icon="RADIOBUT_ON" if chosen else "RADIOBUT_OFF",
            depress=chosen,
        ).device = name
    if preferences.device not in {name for name, _ in devices}:
        layout.label(
            text=f"The chosen device, {preferences.device}, is not there now: choose another.",
            icon="ERROR",
        )
