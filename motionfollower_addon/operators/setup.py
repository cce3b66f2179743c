"""Installing, verifying and removing the backend, and picking the device."""

from typing import Any

import bpy
from bpy.props import StringProperty

from mf_backend.contracts.errors import InputError, MFError

from .. import ids
from ..core.setup.installer.marker import SetupState
from ..core.setup.installer.plan import Action
from ..core.setup.weights import folder_size, size_text
from ..host.options import PACKAGE
from ..host.setup.backend import backend_setup, preferences, require_online
from .reporting import ask_first, refuse


class _Starts:
    """An operator that starts the installer."""

    action: Action
    bl_options = {"REGISTER"}

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From a button: start it, and let a timer listen."""
        try:
            backend_setup().start(self.action)
        except MFError as error:
            return refuse(self, error)
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """From scripts and in `blender -b`: return when it is done."""
        try:
            process = backend_setup().run(self.action)
        except MFError as error:
            return refuse(self, error)
        for text in process.status.warnings:
            self.report({"WARNING"}, text)
        self.report({"INFO"}, f"The backend answered. {process.status.torch_note}".strip())
        return {"FINISHED"}


class MF_OT_install_backend(_Starts, bpy.types.Operator):
    """Install the backend into a folder of its own, go on with what was broken off, or bring \
it to this add-on's version; what is whole already is kept"""

    bl_idname = ids.OP_INSTALL
    bl_label = "Install Backend"
    action = Action.INSTALL

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only while downloads are allowed and no installer runs; says which it is."""
        if backend_setup().working:
            cls.poll_message_set("The installer is at work")
            return False
        try:
            require_online()
        except InputError as error:
            cls.poll_message_set(str(error))
            return False
        return True


class MF_OT_verify_backend(_Starts, bpy.types.Operator):
    """Compare every file of the backend with what was installed, start each library and ask \
the backend itself; nothing is changed or downloaded"""

    bl_idname = ids.OP_VERIFY
    bl_label = "Verify"
    action = Action.VERIFY

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where something is installed."""
        if backend_setup().state() in (SetupState.ABSENT, SetupState.WORKING):
            working = backend_setup().state() is SetupState.WORKING
            cls.poll_message_set("The installer is at work" if working else "Install it first")
            return False
        return True


class MF_OT_cancel_install(bpy.types.Operator):
    """Stop installing; what is installed so far is kept, and installing goes on from there"""

    bl_idname = ids.OP_CANCEL_INSTALL
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only while it runs."""
        return bool(backend_setup().working)

    def execute(self, context: Any) -> set[str]:
        """Stop it."""
        backend_setup().cancel()
        return {"FINISHED"}


class MF_OT_remove_backend(bpy.types.Operator):
    """Delete the installed backend with its environment (asks first); weights and jobs stay"""

    bl_idname = ids.OP_REMOVE
    bl_label = "Remove Backend"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where something is installed."""
        return backend_setup().state() not in (SetupState.ABSENT, SetupState.WORKING)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask first."""
        self.size = folder_size(backend_setup().paths.folder)
        return ask_first(self, context, 480, "Remove")

    def draw(self, context: Any) -> None:
        """Say what would go."""
        self.layout.label(text=f"Delete the backend in {backend_setup().paths.folder}?")
        self.layout.label(text=f"{size_text(self.size)} become free. It can be installed again.")

    def execute(self, context: Any) -> set[str]:
        """Delete."""
        try:
            backend_setup().remove()
        except MFError as error:
            return refuse(self, error)
        self.report({"INFO"}, "The backend was removed.")
        return {"FINISHED"}


class MF_OT_open_install_log(bpy.types.Operator):
    """Show the installation's log: every command and what it said"""

    bl_idname = ids.OP_INSTALL_LOG
    bl_label = "Installation Log"

    def execute(self, context: Any) -> set[str]:
        """Open it outside Blender."""
        log = backend_setup().paths.log
        if not log.is_file():
            return refuse(self, InputError("log-missing", "There is no log yet."))
        bpy.ops.wm.path_open(filepath=str(log))
        return {"FINISHED"}


class MF_OT_choose_device(bpy.types.Operator):
    """Let the MotionFollower engine paint on this device; it decides how long a take needs"""

    bl_idname = ids.OP_DEVICE
    bl_label = "Use Device"

    device: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: Any) -> set[str]:
        """Set the preference."""
        found = preferences()
        if found is None or not self.device:
            return {"CANCELLED"}
        found.device = self.device
        context.preferences.is_dirty = True
        return {"FINISHED"}


class MF_OT_open_preferences(bpy.types.Operator):
    """Open this add-on's preferences, where its backend is installed and weights are imported"""

    bl_idname = ids.OP_PREFERENCES
    bl_label = "Open Preferences"

    def execute(self, context: Any) -> set[str]:
        """Show them in a window of their own."""
        bpy.ops.preferences.addon_show(module=PACKAGE)
        return {"FINISHED"}


CLASSES = (
    MF_OT_open_preferences,
    MF_OT_install_backend,
    MF_OT_verify_backend,
    MF_OT_cancel_install,
    MF_OT_remove_backend,
    MF_OT_open_install_log,
    MF_OT_choose_device,
)
