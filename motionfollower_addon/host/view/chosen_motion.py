"""The pose that the chosen action would give the rig, while the scene plays another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

from mf_backend.contracts.errors import MFError

from ...core.rig.joints.compose import WorldPose
from .. import compat
from ..rig.action import ActionOverride
from ..rig.joints import RigReader
from ..rig.motion_sampler import go_to_frame, view_layer_with
from ..run.session import current
from ..run.stages import FlowStage

_AGAIN_SECONDS = 0.2
_MOST_KEPT = 600
"""Poses; a looped playback of some seconds finds them all again."""


@dataclass(frozen=True)
class Wanted:
    """Which pose, as plain values: Blender's things may be gone when it is made."""

    scene: str
    armature: str
    action: str
    slot: str
    frame: float
    keys: int
    """A number that differs with the action's keys."""


class ChosenMotion:
    """Makes poses of an action that is not the one played, between two drawings, and keeps them.

    A drawing must not change the scene: a timer plays the action for a moment, as a render does
    for each of its frames, puts everything back and has the views drawn again.
    """

    def __init__(self) -> None:
        self._poses: dict[Wanted, WorldPose] = {}
        self._wanted: tuple[Wanted, RigReader] | None = None
        # Blender knows a timer by the very object, and a bound method is a new one each time.
        self._callback = self._timer

    def pose(self, wanted: Wanted, reader: RigReader) -> WorldPose | None:
        """The pose; None where it is still to be made."""
        if wanted not in self._poses:
            self._wanted = (wanted, reader)
            if bpy.app.background:
                self._make()
            elif not bpy.app.timers.is_registered(self._callback):
                bpy.app.timers.register(self._callback, first_interval=0.0)
        return self._poses.get(wanted)

    def forget(self) -> None:
        """Keep nothing; another file opens, or the add-on goes away."""
        self._poses.clear()
        self._wanted = None
        if bpy.app.timers.is_registered(self._callback):
            bpy.app.timers.unregister(self._callback)

    def _timer(self) -> float | None:
        reading = any(flow.stage is FlowStage.SAMPLING for flow in current().active)
        if compat.rendering() or reading:
            # They need the scene as it is; a drawing can wait.
            return _AGAIN_SECONDS
        self._make()
        compat.redraw_views("VIEW_3D")
        return None

    def _make(self) -> None:
        if self._wanted is None:
            return
        (wanted, reader), self._wanted = self._wanted, None
        scene = bpy.data.scenes.get(wanted.scene)
        armature = bpy.data.objects.get(wanted.armature)
        action = bpy.data.actions.get(wanted.action)
        if scene is None or armature is None or action is None:
            return
        layer = view_layer_with(scene, armature)
        frame = scene.frame_current_final
        try:
            override = ActionOverride(armature, action, wanted.slot)
        except MFError:
            # The Motion section and the render say why it cannot be played.
            return
        try:
            go_to_frame(scene, layer, wanted.frame)
            pose = reader.read(layer.depsgraph)
        finally:
            override.close()
            go_to_frame(scene, layer, frame)
        while len(self._poses) >= _MOST_KEPT:
            del self._poses[next(iter(self._poses))]
        self._poses[wanted] = pose


def key_number(action: Any, slot: str) -> int:
    """A number that differs with an action's keys, which a person may edit at any time."""
    numbers: list[float] = []
    for curve in compat.fcurves(action, slot):
        values = [0.0] * (2 * len(curve.keyframe_points))
        curve.keyframe_points.foreach_get("co", values)
        numbers += values
    return hash(tuple(numbers))
