"""The plate that was recovered from the footage: looking at it, and putting it over the clip."""

from __future__ import annotations

from typing import Any

import bpy

from mf_backend.contracts.errors import MFError

from ... import ids
from ...host.view.actor import found_strips, plate_image, stored
from ..reporting import refuse
from .alike import add_strip


class MF_OT_plate_show(bpy.types.Operator):
    """Open what was recovered of the set behind the actor as an image, in an Image Editor where \
one is open. Paint in a copy and give that as Own Plate in Fit to Actor to replace it"""

    bl_idname = ids.OP_PLATE_SHOW
    bl_label = "Show Plate"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Any) -> set[str]:
        """Load it."""
        try:
            actor = stored.analysed(context.scene)
            image = plate_image.load(actor)
        except MFError as error:
            return refuse(self, error)
        shown = plate_image.show(context, image)
        where = "" if shown else "; choose it in an Image Editor"
        self.report({"INFO"}, f"The plate is the image {image.name}{where}.")
        return {"FINISHED"}


class MF_OT_plate_strip(bpy.types.Operator):
    """Put what was recovered of the set behind the actor over the footage in the Sequencer, \
muted. Pressed again, it takes the place of the one before"""

    bl_idname = ids.OP_PLATE_STRIP
    bl_label = "Plate to Sequencer"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Any) -> set[str]:
        """Add the strip."""
        return add_strip(self, context, found_strips.add_plate)


CLASSES = (MF_OT_plate_show, MF_OT_plate_strip)
