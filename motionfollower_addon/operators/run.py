"""Render, cancel, and going on with jobs that lie on disk."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from mf_backend.contracts.errors import CancelledError, MFError

from .. import ids
from ..host.panel_shot import to_shot
from ..host.run.jobs_on_disk import look_again, refresh
from ..host.run.session import current
from .reporting import SaysWhatIsMissing, refuse, warn_all


class MF_OT_render(SaysWhatIsMissing, bpy.types.Operator):
    """Let the actor in the footage perform the rig's motion; the result comes in as a new take \
over the footage"""

    bl_idname = ids.OP_RENDER
    bl_label = "Render Take"
    bl_options = {"REGISTER"}

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From a button: start, and let a timer do the rest while the window stays free."""
        try:
            current().add(current().make_flow(to_shot(context.scene)))
        except MFError as error:
            return refuse(self, error)
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """From scripts and in `blender -b`: work until the take is there, then return."""
        try:
            flow = current().make_flow(to_shot(context.scene))
            flow.run()
        except MFError as error:
            return refuse(self, error)
        warn_all(self, flow.warnings + (flow.status.warnings if flow.status else []))
        if flow.error is not None:
            return refuse(self, flow.error)
        self.report({"INFO"}, f"{flow.strip} came in over the footage. {flow.statement}".strip())
        return {"FINISHED"}


class _OnJob:
    """An operator on one run of the session or one job folder."""

    folder: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def flow(self) -> Any:
        """The listed run of the folder; None where there is none."""
        for flow in current().flows:
            if str(flow.folder or id(flow)) == self.folder:
                return flow
        return None


class MF_OT_cancel(_OnJob, bpy.types.Operator):
    """Stop this run; finished stages are kept, and it can go on later"""

    bl_idname = ids.OP_CANCEL
    bl_label = "Cancel"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only while something runs."""
        if not current().active:
            cls.poll_message_set("Nothing is running")
            return False
        return True

    def execute(self, context: Any) -> set[str]:
        """Stop the run, or all of them where none is named."""
        for flow in current().active:
            if not self.folder or flow is self.flow():
                flow.cancel()
        return {"FINISHED"}


class MF_OT_retry(_OnJob, bpy.types.Operator):
    """Start this job again; what it had finished is not done twice"""

    bl_idname = ids.OP_RETRY
    bl_label = "Resume"

    def _start(self) -> Any:
        old = self.flow()
        if old is not None and old.starts_anew:
            old.destination.require_open()
            flow = current().make_flow(old.shot, order=old.order)
            current().forget(old)
            return flow
        return current().make_flow(folder=Path(self.folder))

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From a button: the timer does the work."""
        try:
            current().add(self._start())
            look_again()
        except MFError as error:
            return refuse(self, error)
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """From scripts: work until the end."""
        try:
            flow = self._start()
            flow.run()
        except MFError as error:
            return refuse(self, error)
        refresh()
        if flow.error is not None:
            return refuse(self, flow.error)
        return {"FINISHED"}


class MF_OT_forget(_OnJob, bpy.types.Operator):
    """Take this run off the list; its folder and its take stay"""

    bl_idname = ids.OP_FORGET
    bl_label = "Take off the List"

    def execute(self, context: Any) -> set[str]:
        """Only ended runs leave the list."""
        flow = self.flow()
        if flow is None or not flow.stage.ended:
            return refuse(self, CancelledError("Cancel the run first."))
        current().forget(flow)
        look_again()
        return {"FINISHED"}


CLASSES = (MF_OT_render, MF_OT_cancel, MF_OT_retry, MF_OT_forget)
