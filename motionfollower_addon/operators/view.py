"""Looking before rendering: the footage behind the camera, and single frames."""

from __future__ import annotations

from typing import Any

import bpy

from mf_backend.contracts.errors import MFError

from .. import ids
from ..host.view import backdrop, one_frame, staleness
from .reporting import refuse


class MF_OT_backdrop(bpy.types.Operator):
    """Show the footage behind the rig in the camera's view, or take it away again. \
Background pictures of your own stay as they are"""

    bl_idname = ids.OP_BACKDROP
    bl_label = "Footage behind the Rig"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Any) -> set[str]:
        """Show it, or hide it where it is shown."""
        try:
            camera = backdrop.camera_of(context)
            if backdrop.shown(camera):
                backdrop.hide(camera)
                return {"FINISHED"}
            remark = backdrop.show(context)
        except MFError as error:
            return refuse(self, error)
        if remark:
            self.report({"WARNING"}, remark)
        return {"FINISHED"}


class MF_OT_one_frame(bpy.types.Operator):
    """Make only this frame with the preview engine and show it in an Image Editor, \
to see how the actor takes the pose before a whole take is rendered"""

    bl_idname = ids.OP_ONE_FRAME
    bl_label = "Preview This Frame"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """One at a time."""
        if one_frame.waiting():
            cls.poll_message_set("A frame is being made")
            return False
        return True

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From the button: the frame comes when it is ready."""
        try:
            one_frame.begin(context.scene)
        except MFError as error:
            return refuse(self, error)
        self._say_what_changed(context.scene)
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """From scripts: wait for the frame."""
        try:
            asked = one_frame.OneFrame(context.scene)
            asked.wait()
        except MFError as error:
            return refuse(self, error)
        self._say_what_changed(context.scene)
        self.report({"INFO"}, f"Frame {asked.index + 1} is in the image {asked.image!r}.")
        return {"FINISHED"}

    def _say_what_changed(self, scene: Any) -> None:
        said = staleness.changed_since(scene)
        if said:
            self.report({"WARNING"}, said)


CLASSES = (MF_OT_backdrop, MF_OT_one_frame)
