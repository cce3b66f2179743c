"""Operators on takes."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from mf_backend.contracts.errors import MFError

from .. import ids
from ..host import compat
from ..host.paths import real_path
from ..host.run.jobs_on_disk import look_again
from ..host.take import comparison, missing, record, relink, strips, takes
from .reporting import ask_first, attempt, refuse

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
        if not strips.has_takes(compat.sequencer_scene(context)):
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
        scene, mode = compat.sequencer_scene(context), comparison.Compare(self.mode)
        return attempt(self, lambda: comparison.compare(scene, self.job, mode))


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
        return ask_first(self, context, 420, "Delete")

    def draw(self, context: Any) -> None:
        """Say what would go."""
        scene = compat.sequencer_scene(context)
        self.layout.prop(self, "with_files")
        try:
            strip = record.need(scene, self.job)
            self.layout.label(text=f"Take: {strip.name}")
            self.layout.label(text=str(record.job_folder(strip)))
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


class MF_OT_take_relink(_OnTake, bpy.types.Operator):
    """Find the pictures of a take again after its job's folder or this file was moved: looked for \
beside this file first, else in a folder that you choose"""

    bl_idname = ids.OP_TAKE_RELINK
    bl_label = "Relink Take"

    directory: StringProperty(
        name="Folder",
        subtype="DIR_PATH",
        description="Folder that the job's folder was moved to, or the job's folder itself",
        options={"SKIP_SAVE"},
    )

    def _meant(self, scene: Any) -> list[Any]:
        """The take that is named, or all whose pictures are gone."""
        if self.job:
            return [record.need(scene, self.job)]
        missing.look(scene)
        return [strip for strip in strips.takes(scene) if missing.is_marked(strip)]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From the button: a person is asked only where looking finds nothing."""
        scene = compat.sequencer_scene(context)
        try:
            for strip in self._meant(scene):
                relink.relink(scene, strip)
        except MFError:
            # The next step is the person's: to choose where the folder is.
            context.window_manager.fileselect_add(self)
            return {"RUNNING_MODAL"}
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """Look in the chosen folder, or where it may be."""
        scene = compat.sequencer_scene(context)
        chosen = real_path(self.directory) if self.directory else None
        try:
            for strip in self._meant(scene):
                folder = relink.relink(scene, strip, chosen)
                self.report({"INFO"}, f"{strip.name} shows the pictures in {folder} again.")
        except MFError as error:
            return refuse(self, error)
        return {"FINISHED"}


CLASSES = (
    MF_OT_take_show,
    MF_OT_take_final,
    MF_OT_take_compare,
    MF_OT_take_relink,
    MF_OT_take_delete,
)
