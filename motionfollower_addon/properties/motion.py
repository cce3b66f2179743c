"""The rig whose motion is taken, the camera that films it, and when."""

from typing import Any

import bpy
from bpy.props import EnumProperty, FloatProperty, PointerProperty, StringProperty

from ..core.rig.retiming import Policy
from ..host import compat
from ..host.rig import scene_objects
from .makers import plain

_RANGES = (
    ("ACTION", "Action", "Use the action from its first to its last frame"),
    ("SCENE", "Scene", "Use the scene's frame range"),
    ("CUSTOM", "Custom", "Use the frames given below"),
)
_RETIMES = (
    (Policy.TRIM, "Trim", "Cut the longer of motion and clip to the shorter one"),
    (Policy.HOLD, "Hold", "Hold the last pose where the motion ends before the clip"),
    (Policy.LOOP, "Loop", "Start the motion again where it ends before the clip"),
    (Policy.STRETCH, "Stretch", "Play the motion slower or faster so that it fills the clip"),
    (Policy.ERROR, "Refuse", "Do not render where motion and clip differ in length"),
)


def is_armature(settings: Any, item: Any) -> bool:
    """Whether an object may be chosen as the rig: one that is in the scene."""
    return item.type == "ARMATURE" and item in scene_objects.armatures(settings.id_data)


def is_camera(settings: Any, item: Any) -> bool:
    """Whether an object may be chosen as the camera: one that is in the scene."""
    return item.type == "CAMERA" and settings.id_data.objects.get(item.name) == item


def _slot_names(settings: Any, _: Any, __: str) -> list[str]:
    slots = compat.action_slots(settings.action) if settings.action else []
    return [slot.identifier for slot in slots]


def _skeleton_changed(settings: Any, _: Any) -> None:
    """Another skeleton is to be drawn over the views."""
    if settings.show_overlay:
        compat.redraw_views("VIEW_3D")


class MotionSettings:
    """Which motion is taken, from which rig, through which camera."""

    armature: PointerProperty(
        update=_skeleton_changed,
        name="Armature",
        type=bpy.types.Object,
        poll=is_armature,
        description="Rig whose motion the actor takes. Empty: the only one in the scene, or the "
        "only one that moves",
    )
    action: PointerProperty(
        update=_skeleton_changed,
        name="Action",
        type=bpy.types.Action,
        description="Motion to render. Empty: the motion as the scene plays it, NLA included",
    )
    slot: StringProperty(
        update=_skeleton_changed,
        name="Slot",
        search=_slot_names,
        search_options={"SORT"},
        description="The action's slot that the actor performs. Empty: the one that fits the "
        "armature",
    )
    camera: PointerProperty(
        update=_skeleton_changed,
        name="Camera",
        type=bpy.types.Object,
        poll=is_camera,
        description="Camera through which the rig's motion is seen in the picture. Empty: the "
        "scene's active camera",
    )
    range_source: EnumProperty(
        name="Range",
        items=plain(_RANGES),
        description="Which frames of the motion the actor performs",
    )
    range_start: FloatProperty(
        name="Start",
        default=1.0,
        description="Scene frame of the pose that the actor has in the clip's first frame",
    )
    range_end: FloatProperty(
        name="End", default=250.0, description="Scene frame of the last pose that the actor takes"
    )
    retime: EnumProperty(
        name="If Lengths Differ",
        items=plain(_RETIMES),
        description="What the actor does where the motion and the clip differ in length",
    )
