"""Operators on takes."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from mf_backend.contracts.errors import MFError

from .. import ids
from ..host import compat
from ..host.run.jobs_on_disk import look_again
from ..host.take import takes
from .reporting import attempt, refuse

_MODES = (
    ("OFF", "Take Only", "Show the take alone"),
    ("WIPE", "Wipe", "Show the footage on the left half and the take on the right"),
    ("SIDE", "Side by Side", "Show footage and take beside each other at half size"),
)


class _OnTake:
    """An operator on the take of one job."""

    bl_options = {"REGISTER", "UNDO"}

    job: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where there are takes."""
        if not takes.has_takes(compat.sequencer_scene(context)):
            cls.poll_message_set("There are no takes yet")
            return False
        return True


class MF_OT_take_show(_OnTake, bpy.types.Operator):
    """Show this take and hide the others over the same footage; once more shows the footage"""

    bl_idname = ids.OP_TAKE_SHOW
    bl_label = "Show Take"

    def execute(self, context: Any) -> set[str]:
        """Toggle the take."""
        scene = compat.sequencer_scene(context)
        return attempt(self, lambda: takes.show(scene, self.job))


class MF_OT_take_final(_OnTake, bpy.types.Operator):
    """Make this take the final one: shown, coloured and locked; the others are hidden"""

    bl_idname = ids.OP_TAKE_FINAL
    bl_label = "Make Final"

    def execute(self, context: Any) -> set[str]:
        """Mark the take."""
        scene = compat.sequencer_scene(context)
        return attempt(self, lambda: takes.make_final(scene, self.job))


class MF_OT_take_compare(_OnTake, bpy.types.Operator):
    """Show this take against its footage in the Preview: side by side, or with a wipe"""

    bl_idname = ids.OP_TAKE_COMPARE
    bl_label = "Compare"

    mode: EnumProperty(
        items=_MODES,
        name="Compare",
        description="How the take and its footage are shown in one picture",
    )

    def execute(self, context: Any) -> set[str]:
        """Switch the comparison."""
        scene, mode = compat.sequencer_scene(context), takes.Compare(self.mode)
        return attempt(self, lambda: takes.compare(scene, self.job, mode))


class MF_OT_take_delete(_OnTake, bpy.types.Operator):
    """Remove this take, and where wanted its job folder with all files (asks first)"""

    bl_idname = ids.OP_TAKE_DELETE
    bl_label = "Delete Take"

    with_files: BoolProperty(
        name="Delete Its Files Too",
        default=True,
        description="Delete the job's folder: frames, video and report. This cannot be undone",
    )

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask first."""
        return set(
            context.window_manager.invoke_props_dialog(self, width=420, confirm_text="Delete")
        )

    def draw(self, context: Any) -> None:
        """Say what would go."""
        scene = compat.sequencer_scene(context)
        self.layout.prop(self, "with_files")
        try:
            strip = takes.need(scene, self.job)
            self.layout.label(text=f"Take: {strip.name}")
            self.layout.label(text=str(takes.job_folder(strip)))
        except MFError as error:
            self.layout.label(text=error.message)

    def execute(self, context: Any) -> set[str]:
        """Delete."""
        try:
            takes.delete(compat.sequencer_scene(context), self.job, self.with_files)
        except MFError as error:
            return refuse(self, error)
        look_again()
        return {"FINISHED"}


CLASSES = (MF_OT_take_show, MF_OT_take_final, MF_OT_take_compare, MF_OT_take_delete)
