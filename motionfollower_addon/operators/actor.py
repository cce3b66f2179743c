"""The actor's motion as a rig of its own."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from mf_backend.contracts.errors import MFError

from .. import ids
from ..host.actor import making, marks, mending
from ..host.rig.lookup import find_camera
from ..host.view import corrections, fitted_actor
from .reporting import attempt, refuse


class MF_OT_actor_rig(bpy.types.Operator):
    """Make an armature of the actor's motion in front of the chosen camera: \
through it, its joints lie where the actor's are. It can be posed, mixed and exported like others"""

    bl_idname = ids.OP_ACTOR_RIG
    bl_label = "Make Actor Rig"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Any) -> set[str]:
        """Make it beside whatever rigs there are."""
        scene = context.scene
        values = getattr(scene, ids.SCENE_PROPERTY)
        try:
            material = fitted_actor.find(context)
            camera = find_camera(scene, values.camera.name if values.camera else "")
            armature = making.make(
                context, material, camera, values.actor_stature, values.actor_on_ground
            )
        except MFError as error:
            return refuse(self, error)
        self.report(
            {"INFO"},
            f"{armature.name} has the actor's motion on {material.count} frames, from scene frame "
            f"{material.frames[0]:g}.",
        )
        return {"FINISHED"}


class MF_OT_actor_correct(bpy.types.Operator):
    """Take what was posed on the active actor rig as the actor's own joints: \
on this frame, and on others where it was keyed. Takes that are rendered from now on follow it"""

    bl_idname = ids.OP_ACTOR_CORRECT
    bl_label = "Apply as Correction"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with an actor rig active."""
        if marks.read(context.object) is None:
            cls.poll_message_set("Make an actor rig, pose it and keep it active")
            return False
        return True

    def execute(self, context: Any) -> set[str]:
        """Keep them beside the actor."""
        values = getattr(context.scene, ids.SCENE_PROPERTY)
        try:
            material = fitted_actor.find(context)
            count = mending.apply_pose(context, context.object, material, values.actor_blend)
        except MFError as error:
            return refuse(self, error)
        finally:
            corrections.forget()
        self.report({"INFO"}, f"{count} {'frame is' if count == 1 else 'frames are'} corrected.")
        return {"FINISHED"}


class MF_OT_actor_uncorrect(bpy.types.Operator):
    """Take this correction away: on its frames the joints are as they were found again"""

    bl_idname = ids.OP_ACTOR_UNCORRECT
    bl_label = "Remove Correction"
    bl_options = {"REGISTER"}

    name: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: Any) -> set[str]:
        """Remove it from the actor's folder."""
        try:
            return attempt(self, lambda: mending.remove(fitted_actor.find(context), self.name))
        finally:
            corrections.forget()


CLASSES = (MF_OT_actor_rig, MF_OT_actor_correct, MF_OT_actor_uncorrect)
