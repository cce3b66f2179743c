"""Sending takes to a render farm."""

import sys
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from mf_backend.contracts.errors import InputError, MFError

from .. import ids
from ..host.paths import real_path
from ..host.run.farm import sending
from ..host.run.farm.submit import Programs, write_openjd
from ..panels.text import draw_text
from .reporting import SaysWhatIsMissing, refuse


class MF_OT_send_to_farm(SaysWhatIsMissing, bpy.types.Operator):
    """Write a folder that render farms take: the jobs of these takes, and how they are worked on \
and brought in"""

    bl_idname = ids.OP_SEND_TO_FARM
    bl_label = "Send to Farm"
    bl_options = {"REGISTER"}

    directory: StringProperty(
        name="Folder",
        description="New folder for the batch, on storage that every host sees",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    every_action: BoolProperty(
        name="Every Action of the Rig",
        description="One take for each action in this file that moves the rig's bones, instead of "
        "one with the motion that is chosen",
        options={"SKIP_SAVE"},
    )

    def draw(self, context: Any) -> None:
        """Beside the file browser: what is sent, what it needs, how long it takes."""
        self.layout.prop(self, "every_action")
        values = getattr(context.scene, ids.SCENE_PROPERTY)
        try:
            lines = sending.estimate(context, values, self.every_action)
        except MFError as error:
            lines = [str(error)]
        for line in lines:
            draw_text(self.layout, context, line)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From the button: ask for the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[str]:
        """Write it; in the window a timer does, from scripts it is there on return."""
        try:
            if not self.directory:
                raise InputError("usage", "No folder is chosen.", "Choose a new one for the batch.")
            folder = real_path(self.directory)
            shots = sending.shots_at_hand(context.scene, self.every_action)
            if bpy.app.background:
                made = write_openjd(folder, shots, Programs(), sys.stderr)
                for outcome in made.outcomes:
                    if outcome.message:
                        words = f"{outcome.name}: {outcome.message} {outcome.hint}".rstrip()
                        self.report({"WARNING"}, words)
                self.report({"INFO"}, made.words)
            else:
                sending.begin(folder, shots)
        except MFError as error:
            return refuse(self, error)
        return {"FINISHED"}


CLASSES = (MF_OT_send_to_farm,)
