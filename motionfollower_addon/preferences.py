"""The add-on's preferences: where the backend is, where jobs go, which device works."""

import os
from typing import Any

import bpy
from bpy.props import StringProperty

from . import ids
from .core.backend_process import default_python
from .host.options import PACKAGE
from .host.session import current


class MF_AP_preferences(bpy.types.AddonPreferences):
    """Preferences of the add-on."""

    bl_idname = PACKAGE

    backend_python: StringProperty(
        name="Backend Python",
        subtype="FILE_PATH",
        description="Python of the environment that the backend is installed in. Empty: the "
        "variable MOTIONFOLLOWER_BACKEND_PYTHON of the environment",
    )
    jobs_folder: StringProperty(
        name="Jobs of Unsaved Files",
        subtype="DIR_PATH",
        description="Where job folders go while the .blend is not saved; afterwards they lie "
        "beside it. Empty: Blender's own folder of user files",
    )
    device: StringProperty(
        name="Device",
        default="auto",
        description="Device that the diffusion engine works on, as the backend names it; "
        "'auto' takes the best one",
    )
    weights: StringProperty(
        name="Weights",
        subtype="DIR_PATH",
        description="Folder of the imported weights. Empty: the backend's own folder",
    )

    def draw(self, context: Any) -> None:
        """Draw the preferences and what the backend said about itself."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "backend_python")
        if not self.backend_python:
            found = default_python(os.environ)
            layout.label(text=found or "No backend is set.", icon="INFO" if found else "ERROR")
        layout.prop(self, "jobs_folder")
        layout.prop(self, "device")
        layout.prop(self, "weights")
        row = layout.row()
        row.operator(ids.OP_CHECK_BACKEND, icon="FILE_REFRESH")
        row.operator(ids.OP_OPEN_LOG, icon="TEXT")
        backend = current().backend
        if backend is None:
            return
        if backend.failure is not None:
            layout.label(text=backend.failure.message, icon="ERROR")
            layout.label(text=backend.failure.hint)
        elif backend.handshake is not None:
            said = backend.handshake
            layout.label(text=f"Backend {said.backend}, Python {said.python}", icon="CHECKMARK")
            for device in said.devices:
                layout.label(text=f"{device.get('id')}: {device.get('name')}", icon="BLANK1")


CLASSES = (MF_AP_preferences,)
