"""The actor of the footage: analysed, looked at, and his motion as a rig of its own."""

from __future__ import annotations

import math
from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

from mf_backend.contracts.errors import MFError

from .. import ids
from ..core.disk.read_in_thread import Reading
from ..host.actor import marks, mending
from ..host.actor.making import Made, RigMaking
from ..host.panel_shot import to_shot
from ..host.rig.lookup import find_camera
from ..host.run import readiness
from ..host.run.analysis import Aim, AnalysisFlow, asked_of
from ..host.run.session import current
from ..host.view import corrections, fitted_actor
from ..host.view.actor import found_strips, stored
from .mending.alike import add_strip, take_away
from .reporting import SaysWhatIsMissing, attempt, refuse, warn_all

_LOOK_SECONDS = 0.1


def _begin(operator: Any, scene: Any, aim: Aim) -> set[str]:
    """Have the session do it; an operator's result."""
    return attempt(operator, lambda: current().analyse(asked_of(to_shot(scene), scene, aim)))


def _wait(operator: Any, scene: Any, aim: Aim) -> AnalysisFlow | None:
    """Do it at once. None where it failed, which the operator has said then."""
    try:
        flow = AnalysisFlow(current().client, asked_of(to_shot(scene), scene, aim))
        flow.run()
    except MFError as error:
        refuse(operator, error)
        return None
    warn_all(operator, flow.status.warnings if flow.status else [])
    stored.look_again()
    if flow.error is not None:
        refuse(operator, flow.error)
        return None
    return flow


class MF_OT_actor_analyse(SaysWhatIsMissing, bpy.types.Operator):
    """Find the actor in the footage once, with joints, hands and masks; \
every take of this footage then begins with what was found. What was interrupted goes on"""

    bl_idname = ids.OP_ACTOR_ANALYSE
    bl_label = "Analyse Actor"
    bl_options = {"REGISTER"}

    @classmethod
    def missing(cls, context: Any) -> str:
        """It needs footage and a backend."""
        return readiness.backend_missing() or readiness.footage_missing(context)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From a button: begin, and let a timer do the rest while the window stays free."""
        return _begin(self, context.scene, Aim.ANALYSE)

    def execute(self, context: Any) -> set[str]:
        """From scripts and in `blender -b`: return when it is done."""
        flow = _wait(self, context.scene, Aim.ANALYSE)
        if flow is None:
            return {"CANCELLED"}
        self.report({"INFO"}, f"The actor is in {flow.actor}.")
        return {"FINISHED"}


class MF_OT_tune(SaysWhatIsMissing, bpy.types.Operator):
    """Let the MotionFollower engine learn this footage, so that it paints its actor better; \
takes of the footage then use that. What was interrupted goes on"""

    bl_idname = ids.OP_TUNE
    bl_label = "Tune to Footage"
    bl_options = {"REGISTER"}

    @classmethod
    def missing(cls, context: Any) -> str:
        """It needs footage, a backend and weights."""
        values = getattr(context.scene, ids.SCENE_PROPERTY)
        reason = readiness.backend_missing() or readiness.footage_missing(context)
        return reason or readiness.engine_missing(values)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From a button: begin, and let a timer do the rest while the window stays free."""
        return _begin(self, context.scene, Aim.TUNE)

    def execute(self, context: Any) -> set[str]:
        """From scripts and in `blender -b`: return when it is done."""
        flow = _wait(self, context.scene, Aim.TUNE)
        if flow is None:
            return {"CANCELLED"}
        before, after = flow.status.decibels
        self.report({"INFO"}, f"Tuned: {before:.1f} dB before, {after:.1f} now, inside the actor.")
        return {"FINISHED"}


class MF_OT_actor_cancel(bpy.types.Operator):
    """Stop analysing or tuning; what was found on single frames or learnt is kept, and it can go \
on later"""

    bl_idname = ids.OP_ACTOR_CANCEL
    bl_label = "Cancel Analysis"

    def execute(self, context: Any) -> set[str]:
        """Stop this scene's analysis."""
        flow = current().analysis_of(context.scene.name)
        if flow is not None:
            flow.cancel()
        return {"FINISHED"}


class MF_OT_actor_look(bpy.types.Operator):
    """Go to this frame of the footage to look at what was found there"""

    bl_idname = ids.OP_ACTOR_LOOK
    bl_label = "Go There"
    bl_options = {"REGISTER", "UNDO"}

    frame: IntProperty(options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: Any) -> set[str]:
        """Show the frame in this scene and in the Sequencer's."""
        try:
            actor = stored.analysed(context.scene)
            at = math.ceil(stored.scene_frame(context.scene, actor, self.frame) - 1e-6)
        except MFError as error:
            return refuse(self, error)
        context.scene.frame_set(at)
        return {"FINISHED"}


class MF_OT_actor_matte(bpy.types.Operator):
    """Put the actor's matte over the footage in the Sequencer, muted: white where the actor is. \
Pressed again, it takes the place of the one before"""

    bl_idname = ids.OP_ACTOR_MATTE
    bl_label = "Matte to Sequencer"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: Any) -> set[str]:
        """Add the strip."""
        return add_strip(self, context, found_strips.add_matte)


class _Lifting:
    """Whether a figure is being fitted to the actor for a rig."""

    goes_on = False


class MF_OT_actor_rig(bpy.types.Operator):
    """Make an armature of the actor's motion in front of the chosen camera: \
through it, its joints lie where the actor's are. It can be posed, mixed and exported like others"""

    bl_idname = ids.OP_ACTOR_RIG
    bl_label = "Make Actor Rig"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """One at a time."""
        if _Lifting.goes_on:
            cls.poll_message_set("A rig is being made")
            return False
        return True

    def invoke(self, context: Any, event: Any) -> set[str]:
        """From the button: the window stays free while the figure is fitted."""
        try:
            self._making = self._begin(context)
        except MFError as error:
            return refuse(self, error)
        self._reading = Reading(self._making.work)
        _Lifting.goes_on = True
        manager = context.window_manager
        self._timer = manager.event_timer_add(_LOOK_SECONDS, window=context.window)
        context.workspace.status_text_set("Making the actor rig. Esc: leave it")
        manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        """Wait for the figure, then make the armature of it."""
        if event.type == "ESC" and event.value == "PRESS":
            self._end(context)
            return {"CANCELLED"}
        if event.type != "TIMER" or not self._reading.finished:
            return {"PASS_THROUGH"}
        self._end(context)
        try:
            return self._finish(context, self._making, self._reading.take())
        except MFError as error:
            return refuse(self, error)

    def cancel(self, context: Any) -> None:
        """Blender ends it: another file is opened."""
        self._end(context)

    def _end(self, context: Any) -> None:
        _Lifting.goes_on = False
        context.window_manager.event_timer_remove(self._timer)
        context.workspace.status_text_set(None)

    def execute(self, context: Any) -> set[str]:
        """From scripts: return when it is made."""
        try:
            making = self._begin(context)
            return self._finish(context, making, making.work())
        except MFError as error:
            return refuse(self, error)

    def _begin(self, context: Any) -> RigMaking:
        scene = context.scene
        values = getattr(scene, ids.SCENE_PROPERTY)
        material = fitted_actor.find(context)
        camera = find_camera(scene, values.camera.name if values.camera else "")
        return RigMaking(context, material, camera, values.actor_stature, values.actor_on_ground)

    def _finish(self, context: Any, making: RigMaking, made: Made) -> set[str]:
        """Make it beside whatever rigs there are."""
        armature, material = making.finish(context, made), making.material
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
        return take_away(self, context, lambda actor: mending.remove(actor, self.name))


CLASSES = (
    MF_OT_actor_analyse,
    MF_OT_tune,
    MF_OT_actor_cancel,
    MF_OT_actor_look,
    MF_OT_actor_matte,
    MF_OT_actor_rig,
    MF_OT_actor_correct,
    MF_OT_actor_uncorrect,
)
