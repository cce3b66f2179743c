"""The actor's motion as a rig of its own."""

from __future__ import annotations

from typing import Any

import bpy

from mf_backend.contracts.errors import MFError

from .. import ids
from ..host.actor import making
from ..host.rig.lookup import find_camera
from ..host.view import fitted_actor
from .reporting import refuse


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
            camera = find_camera(scene, values.camera.name if values.camera else "")
            material = fitted_actor.find(context)
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


CLASSES = (MF_OT_actor_rig,)
