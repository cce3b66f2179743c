"""The Motion section: the rig, its action and the camera that films it."""

from __future__ import annotations

from typing import Any

from mf_backend.contracts.errors import MFError

from ...core.rig.retiming import Policy
from ...host import compat
from ...host.rig import bone_map, lookup
from ...host.run import motion_remarks
from ..text import draw_text
from ..view import draw_overlay
from .base import Section, State
from .bones import no_armature


def _camera(context: Any, values: Any) -> Any:
    try:
        return lookup.find_camera(context.scene, values.camera.name if values.camera else "")
    except MFError:
        return None


def _motion(values: Any, armature: Any) -> str:
    """Name of the motion; empty where there is none."""
    data = armature.animation_data
    action = values.action or (data.action if data is not None else None)
    if action is not None:
        return str(action.name)
    if data is not None and len(data.nla_tracks):
        return "NLA"
    return "" if values.range_source == "ACTION" else "as in the scene"


def state(context: Any, values: Any) -> State:
    """The rig and its motion in a few words."""
    armature = bone_map.chosen_armature(context.scene)
    if armature is None:
        return State(no_armature(context), False)
    motion = _motion(values, armature)
    if not motion:
        return State(f"{armature.name} has no motion", False)
    if _camera(context, values) is None:
        return State("no camera", False)
    return State(f"{armature.name}, {motion}")


def _draw_object(layout: Any, values: Any, name: str, found: Any, nothing: str) -> None:
    """A field for an object that shows which one is meant while it is empty."""
    placeholder, icon = (nothing, "ERROR") if found is None else (found.name, "NONE")
    layout.prop(values, name, placeholder=placeholder, icon=icon)


def draw(layout: Any, context: Any, values: Any) -> None:
    """Armature, action and slot, camera, range and retiming."""
    armature = bone_map.chosen_armature(context.scene)
    _draw_object(layout, values, "armature", armature, no_armature(context))
    motion = _motion(values, armature) if armature is not None else ""
    icon = "ERROR" if armature is not None and not motion else "NONE"
    layout.prop(values, "action", placeholder=motion or "no action", icon=icon)
    if values.action and len(compat.action_slots(values.action)) > 1:
        layout.prop(values, "slot", icon="ACTION_SLOT", placeholder="the one that fits")
    data = armature.animation_data if armature is not None else None
    action = values.action or (data.action if data is not None else None)
    said = motion_remarks.remark(armature, action, values.slot)
    if said:
        draw_text(layout, context, said, "ERROR")
    camera = _camera(context, values)
    _draw_object(layout, values, "camera", camera, "no camera")
    layout.row().prop(values, "range_source", expand=True)
    if values.range_source == "CUSTOM":
        column = layout.column(align=True)
        column.prop(values, "range_start")
        column.prop(values, "range_end")
    layout.prop(values, "retime")
    if values.retime != Policy.TRIM:
        rate = lookup.scene_fps(context.scene)
        layout.label(text=f"The motion plays at {rate:g} frames a second", icon="TIME")
    draw_overlay(layout, context, values)


SECTION = Section(
    "motion",
    "Motion",
    "The rig whose action the actor will perform, and the camera that films it",
    state,
    draw,
)
