"""The sections of the sidebar, in the order of the work; each closed one shows its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ids
from ..core.retiming import Policy
from ..host import clip, compat, lookup, memory_need, readiness, rig_state
from ..host.session import current
from .bone_list import bones_state, draw_bones
from .seeing import draw_fit_view, draw_overlay
from .text import draw_text


def draw_sections(layout: Any, context: Any) -> None:
    """Draw all sections into a panel."""
    layout.use_property_split = True
    layout.use_property_decorate = False
    values = getattr(context.scene, ids.SCENE_PROPERTY)
    for name, title, state, draw in (
        ("show_footage", "Footage", footage_state, draw_footage),
        ("show_motion", "Motion", motion_state, draw_motion),
        ("show_bones", "Bones", bones_state, draw_bones),
        ("show_fit", "Fit to Actor", fit_state, draw_fit),
        ("show_quality", "Quality", quality_state, draw_quality),
    ):
        section(layout, context, values, name, title, state, draw)


def section(
    layout: Any,
    context: Any,
    values: Any,
    name: str,
    title: str,
    state: Callable[[Any, Any], str],
    draw: Callable[[Any, Any, Any], None],
) -> None:
    """One section; the settings' property `name` says whether it is open."""
    header, body = layout.panel_prop(values, name)
    header.label(text=title)
    if body is not None:
        draw(body, context, values)
    else:
        header.label(text=state(context, values))


# -- Footage --------------------------------------------------------------------------------------


def _strip(context: Any, values: Any) -> Any:
    scene = compat.sequencer_scene(context)
    if values.strip:
        have = [item for item in clip.footage_strips(scene) if item.name == values.strip]
        return have[0] if have else None
    return clip.default_strip(scene)


def footage_state(context: Any, values: Any) -> str:
    """The chosen footage in a few words."""
    if values.source == "FILE":
        return values.clip.replace("\\", "/").rstrip("/").rpartition("/")[2] or "no file"
    strip = _strip(context, values)
    return f"{strip.name}, {compat.length(strip)} frames" if strip is not None else "no strip"


def draw_footage(layout: Any, context: Any, values: Any) -> None:
    """Strip or file, and which of its frames."""
    layout.row().prop(values, "source", expand=True)
    if values.source == "FILE":
        layout.prop(values, "clip")
        layout.prop(values, "fps")
    else:
        scene = compat.sequencer_scene(context)
        editor = scene.sequence_editor if scene is not None else None
        if editor is not None:
            name = "strips_all" if hasattr(editor, "strips_all") else "sequences_all"
            layout.prop_search(values, "strip", editor, name, icon="SEQUENCE")
        if not values.strip or editor is None:
            strip = _strip(context, values)
            layout.label(
                text=f"{strip.name}, {compat.length(strip)} frames" if strip else "No strip chosen",
                icon="CHECKMARK" if strip else "INFO",
            )
    column = layout.column(align=True)
    column.prop(values, "first")
    column.prop(values, "count")


# -- Motion ---------------------------------------------------------------------------------------


def motion_state(context: Any, values: Any) -> str:
    """The rig and its motion in a few words."""
    armature = rig_state.chosen_armature(context.scene)
    if armature is None:
        return "no armature"
    action = values.action or (armature.animation_data and armature.animation_data.action)
    return f"{armature.name}, {action.name if action else 'as in the scene'}"


def draw_motion(layout: Any, context: Any, values: Any) -> None:
    """Armature, action and slot, camera, range and retiming."""
    scene = context.scene
    layout.prop(values, "armature")
    armature = rig_state.chosen_armature(context.scene)
    if not values.armature:
        layout.label(
            text=armature.name if armature else "No single armature found",
            icon="CHECKMARK" if armature else "INFO",
        )
    layout.prop(values, "action")
    if values.action and len(compat.action_slots(values.action)) > 1:
        layout.prop_search(values, "slot", values.action, "slots")
    layout.prop(values, "camera")
    if not values.camera and scene.camera:
        layout.label(text=scene.camera.name, icon="CHECKMARK")
    draw_overlay(layout, context, values)
    layout.row().prop(values, "range_source", expand=True)
    if values.range_source == "CUSTOM":
        column = layout.column(align=True)
        column.prop(values, "range_start")
        column.prop(values, "range_end")
    layout.prop(values, "retime")
    if values.retime == Policy.TRIM:
        return
    layout.label(text=f"Scene: {lookup.scene_fps(scene):g} frames a second", icon="TIME")


# -- Fit ------------------------------------------------------------------------------------------


def fit_state(_: Any, values: Any) -> str:
    """How the skeleton is fitted."""
    return str(values.bl_rna.properties["alignment"].enum_items[values.alignment].name)


def draw_fit(layout: Any, context: Any, values: Any) -> None:
    """Alignment, and the user's own masks and skeletons."""
    layout.prop(values, "alignment")
    row = layout.row()
    row.active = values.alignment == "fit"
    row.prop(values, "keep_limb_lengths")
    row = layout.row()
    row.active = not values.source_masks
    row.prop(values, "widen_mask")
    column = layout.column()
    column.prop(values, "source_masks")
    column.prop(values, "source_poses")
    column.prop(values, "source_joints")
    draw_fit_view(layout, context, values)


# -- Quality --------------------------------------------------------------------------------------


def quality_state(_: Any, values: Any) -> str:
    """Engine and preset."""
    items = values.bl_rna.properties
    engine = items["engine"].enum_items[values.engine].name
    if values.engine == "preview":
        return str(engine)
    return f"{engine}, {items['quality'].enum_items[values.quality].name}"


def draw_quality(layout: Any, context: Any, values: Any) -> None:
    """Engine, preset and memory."""
    layout.prop(values, "engine")
    backend = current().backend
    said = backend.handshake if backend is not None else None
    if said is not None:
        lacks = said.engine_missing(values.engine)
        if lacks:
            draw_text(layout, context, lacks)
        need = memory_need.words(context, values)
        if need:
            draw_text(layout, context, need)
    if values.engine == "preview":
        return
    layout.prop(values, "quality")
    layout.prop(values, "memory")
    layout.prop(values, "moving_camera")
    column = layout.column(align=True)
    column.prop(values, "seed")
    column.prop(values, "steps")
    column.prop(values, "cfg")
    column.prop(values, "guidance")


def draw_render(layout: Any, context: Any, values: Any) -> None:
    """The button, and why it is grey."""
    layout.prop(values, "title")
    layout.prop(values, "mp4")
    row = layout.row()
    row.scale_y = 1.4
    row.operator(ids.OP_RENDER, icon="RENDER_ANIMATION")
    reason = readiness.missing(context)
    if reason:
        draw_text(layout, context, reason)
