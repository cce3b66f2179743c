"""Choosing who in the footage is followed: a click in a view, or a call with a point or number."""

from __future__ import annotations

import math
from typing import Any

import bpy
from bpy.props import BoolProperty, FloatVectorProperty, IntProperty

from mf_backend.contracts.errors import InputError, MFError

from .. import ids
from ..host.view.actor import choosing, over_footage, places
from .reporting import attempt, refuse

_HERE = -1
"""The frame that the scene shows."""


class MF_OT_person_choose(bpy.types.Operator):
    """Click on the person to follow: everybody found on this frame is outlined over the footage, \
in the camera's view, an Image Editor or the Sequencer's preview. Where the wrong one was followed \
from some frame on, go there and choose again"""

    bl_idname = ids.OP_PERSON_CHOOSE
    bl_label = "Choose Person"
    bl_options = {"REGISTER", "UNDO"}

    frame: IntProperty(
        name="Frame",
        default=_HERE,
        min=_HERE,
        description="Frame of the clip, counted from 0; -1 is the one that is shown",
        options={"SKIP_SAVE"},
    )
    point: FloatVectorProperty(
        name="Point",
        size=2,
        default=(math.nan, math.nan),
        description="A point on the person, in pixels of the clip from its top left",
        options={"SKIP_SAVE"},
    )
    number: IntProperty(
        name="Number",
        min=0,
        description="Instead of a point, the person's number: from left to right, from 1",
        options={"SKIP_SAVE"},
    )
    keep: BoolProperty(
        name="Keep Others",
        default=True,
        description="Keep what was chosen on other frames of the same clip",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From the button: wait for a click."""
        try:
            choosing.ready(context)
        except MFError as error:
            return refuse(self, error)
        over_footage.choose(True)
        context.window.cursor_modal_set("CROSSHAIR")
        context.workspace.status_text_set("Click the person to follow. Esc: leave it as it is")
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        """Take the first click on a person; time and views can be changed meanwhile."""
        if event.type in {"ESC", "RIGHTMOUSE"} and event.value == "PRESS":
            return self._end(context, {"CANCELLED"})
        if event.type != "LEFTMOUSE" or event.value != "PRESS":
            return {"PASS_THROUGH"}
        hit = places.under_mouse(context.window, event.mouse_x, event.mouse_y)
        try:
            spot = choosing.spot(context, hit, event.mouse_x, event.mouse_y)
            if spot is None:
                return {"PASS_THROUGH"}
            frame, (x, y) = spot
            chosen = choosing.choose(context.scene, choosing.Pick(frame, (x, y)), self.keep)
        except MFError as error:
            # The next click may be a better one.
            self.report({"WARNING"}, str(error))
            return {"RUNNING_MODAL"}
        self.report({"INFO"}, chosen)
        return self._end(context, {"FINISHED"})

    def cancel(self, context: Any) -> None:
        """Blender ends it: another file is opened."""
        self._end(context, {"CANCELLED"})

    def _end(self, context: Any, answer: set[str]) -> set[str]:
        over_footage.choose(False)
        context.window.cursor_modal_restore()
        context.workspace.status_text_set(None)
        return answer

    def execute(self, context: Any) -> set[str]:
        """From scripts: the person at a point, or of a number."""
        x, y = self.point
        try:
            frame = choosing.frame_shown(context) if self.frame == _HERE else self.frame
            if not self.number and not math.isfinite(x + y):
                raise InputError(
                    "person-unsaid",
                    "Neither a point nor a number says who is meant.",
                    "Give `point` (x, y in pixels of the clip) or `number` (1 is the leftmost).",
                )
            pick = choosing.Pick(frame, (x, y) if math.isfinite(x + y) else None, self.number)
            chosen = choosing.choose(context.scene, pick, self.keep)
        except MFError as error:
            return refuse(self, error)
        self.report({"INFO"}, chosen)
        return {"FINISHED"}


class MF_OT_person_forget(bpy.types.Operator):
    """Take this choice away. Where none is left, the largest person is followed"""

    bl_idname = ids.OP_PERSON_FORGET
    bl_label = "Forget Choice"
    bl_options = {"REGISTER", "UNDO"}

    frame: IntProperty(
        default=_HERE,
        min=_HERE,
        description="Frame of the clip, counted from 0; -1: every choice",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    def execute(self, context: Any) -> set[str]:
        """Forget one frame's choice, or all."""
        frame = None if self.frame == _HERE else self.frame
        return attempt(self, lambda: choosing.forget(context.scene, frame))


CLASSES = (MF_OT_person_choose, MF_OT_person_forget)
