"""Mending the actor's masks: by Blender's Masks, and by painted pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from mf_backend.actor.mends.mask_file import remove_layer
from mf_backend.actor.mends.mask_layers import MaskRole
from mf_backend.contracts.errors import MFError

from ... import ids
from ...core.actor.drawn.roles import ROLES, role_label
from ...host.actor import drawn_masks, painted_masks
from ...host.view import corrections, fitted_actor
from ..reporting import refuse
from .alike import take_away

_NONE = "none"
_ITEMS = [(str(role), label, text) for role, (label, text) in ROLES.items()]


class MF_OT_mask_role(bpy.types.Operator):
    """Say what this layer of the Mask is for: to add to the actor, to cut from it, or in front"""

    bl_idname = ids.OP_MASK_ROLE
    bl_label = "Role of the Layer"
    bl_options = {"REGISTER", "UNDO"}

    layer: StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    role: EnumProperty(
        name="Role",
        items=[(_NONE, "No Role", "The layer is left aside"), *_ITEMS],
        default=_NONE,
        description="What becomes of the pixels that the layer covers",
    )

    def execute(self, context: Any) -> set[str]:
        """Keep it with the Mask."""
        mask = getattr(context.scene, ids.SCENE_PROPERTY).actor_mask
        if mask is None or self.layer not in mask.layers:
            self.report({"ERROR"}, "Choose a Mask that has this layer.")
            return {"CANCELLED"}
        role = None if self.role == _NONE else MaskRole(self.role)
        drawn_masks.set_role(mask, self.layer, role)
        return {"FINISHED"}


class MF_OT_mask_apply(bpy.types.Operator):
    """Draw the Mask's layers on every frame of the footage and keep them with the actor: \
takes that are rendered from now on follow them. Pressed again, it replaces what it made"""

    bl_idname = ids.OP_MASK_APPLY
    bl_label = "Apply Mask"
    bl_options = {"REGISTER"}

    def execute(self, context: Any) -> set[str]:
        """Keep them beside the actor."""
        mask = getattr(context.scene, ids.SCENE_PROPERTY).actor_mask
        try:
            made = drawn_masks.apply(context, mask, fitted_actor.find(context))
        except MFError as error:
            return refuse(self, error)
        finally:
            corrections.forget()
        said = ", ".join(f"{layer.name} ({role_label(layer.role)})" for layer in made)
        self.report({"INFO"}, f"Kept with the actor: {said}.")
        return {"FINISHED"}


class MF_OT_mask_pictures(bpy.types.Operator):
    """Take painted pictures as a mask: a folder of pictures numbered as the clip's frames are, \
from 0, only of frames that need one, or one picture for all frames"""

    bl_idname = ids.OP_MASK_PICTURES
    bl_label = "Add Painted Masks"
    bl_options = {"REGISTER"}

    filepath: StringProperty(
        name="Pictures",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
        description="A picture for all frames, or a folder of pictures at the clip's own size",
    )
    role: EnumProperty(
        name="Role", items=_ITEMS, description="What becomes of the pixels that are white"
    )

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Choose them."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[str]:
        """Keep them beside the actor."""
        path = Path(bpy.path.abspath(self.filepath))
        try:
            material = fitted_actor.find(context)
            layer = painted_masks.take(path, MaskRole(self.role), material)
        except MFError as error:
            return refuse(self, error)
        finally:
            corrections.forget()
        self.report({"INFO"}, f"{layer.name} is kept with the actor ({role_label(layer.role)}).")
        return {"FINISHED"}


class MF_OT_mask_remove(bpy.types.Operator):
    """Take this mask away: its frames are as they were found again"""

    bl_idname = ids.OP_MASK_REMOVE
    bl_label = "Remove Mask"
    bl_options = {"REGISTER"}

    name: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: Any) -> set[str]:
        """Remove it from the actor's folder."""
        return take_away(self, context, lambda actor: remove_layer(actor.mends, self.name))


CLASSES = (MF_OT_mask_role, MF_OT_mask_apply, MF_OT_mask_pictures, MF_OT_mask_remove)
