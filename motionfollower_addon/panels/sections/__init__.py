"""The sections of the sidebar, in the order of the work; each closed one shows its state."""

from __future__ import annotations

from typing import Any

from mf_backend.contracts.errors import MFError

from .. import ids
from ..core.rig.retiming import Policy
from ..host import compat
from ..host.footage import on_disk, source
from ..host.rig import bone_map, lookup, meshes
from ..host.run import memory_need, readiness
from .bone_list import bones_state, draw_bones, no_armature
from .section import State, section
from .seeing import draw_fit_view, draw_overlay
from .text import draw_text

_AUTOMATIC = "automatic"
_OWN_MATERIAL = ("source_masks", "source_poses", "source_joints")


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


# -- Footage --------------------------------------------------------------------------------------


def _strip(context: Any, values: Any) -> Any:
    return source.chosen_strip(compat.sequencer_scene(context), values.strip)


def _no_strip(context: Any, values: Any) -> str:
    if values.strip:
        return f"{values.strip} is gone"
    several = source.footage_strips(compat.sequencer_scene(context))
    return "choose a strip" if several else "no clip yet"


def footage_state(context: Any, values: Any) -> State:
    """The chosen footage in a few words."""
    if values.source == "FILE":
        if on_disk.trouble("FILE", values.clip, None):
            return State("its file is missing", False)
        name = values.clip.replace("\\", "/").rstrip("/").rpartition("/")[2]
        return State(name or "no file chosen", bool(name))
    strip = _strip(context, values)
    if strip is None:
        return State(_no_strip(context, values), False)
    if on_disk.trouble("STRIP", "", strip):
        return State("its file is missing", False)
    return State(f"{compat.length(strip)} frames, {strip.name}")


def draw_footage(layout: Any, context: Any, values: Any) -> None:
    """Strip or file, and which of its frames."""
    layout.row().prop(values, "source", expand=True)
    strip = None
    if values.source == "FILE":
        layout.prop(values, "clip", placeholder="video, or one numbered picture")
        layout.prop(values, "fps", text="Frame Rate" if values.fps else "Rate (0: own)")
    else:
        strip = _strip(context, values)
        layout.prop(
            values,
            "strip",
            icon="SEQUENCE" if strip is not None else "ERROR",
            placeholder=strip.name if strip is not None else _no_strip(context, values),
        )
        scene = compat.sequencer_scene(context)
        if scene is not None and scene != context.scene:
            layout.label(text=f"In the Sequencer of {scene.name}", icon="SCENE_DATA")
    trouble = on_disk.trouble(values.source, values.clip, strip)
    if trouble is not None:
        draw_text(layout, context, str(trouble), "ERROR")
    column = layout.column(align=True)
    column.prop(values, "first")
    column.prop(values, "count", text="Frames" if values.count else "Frames (0: all)")


# -- Motion ---------------------------------------------------------------------------------------


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


def motion_state(context: Any, values: Any) -> State:
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


def draw_motion(layout: Any, context: Any, values: Any) -> None:
    """Armature, action and slot, camera, range and retiming."""
    armature = bone_map.chosen_armature(context.scene)
    _draw_object(layout, values, "armature", armature, no_armature(context))
    motion = _motion(values, armature) if armature is not None else ""
    icon = "ERROR" if armature is not None and not motion else "NONE"
    layout.prop(values, "action", placeholder=motion or "no action", icon=icon)
    if values.action and len(compat.action_slots(values.action)) > 1:
        layout.prop(values, "slot", icon="ACTION_SLOT", placeholder="the one that fits")
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


# -- Fit ------------------------------------------------------------------------------------------


def fit_state(_: Any, values: Any) -> State:
    """How the skeleton is fitted."""
    fitted = values.alignment == "fit"
    if any(getattr(values, name) for name in _OWN_MATERIAL):
        return State("scaled, own files" if fitted else "as filmed, own files")
    return State("scaled to the actor" if fitted else "as the camera films it")


def draw_fit(layout: Any, context: Any, values: Any) -> None:
    """Alignment, looking at it, and the user's own masks and skeletons."""
    layout.prop(values, "alignment")
    row = layout.row()
    row.active = values.alignment == "fit"
    row.prop(values, "keep_limb_lengths")
    row = layout.row()
    row.active = not values.source_masks
    row.prop(values, "widen_mask")
    row = layout.row()
    row.active = meshes.has_meshes(context.scene, bone_map.chosen_armature(context.scene))
    row.prop(values, "outline")
    draw_fit_view(layout, context, values)
    header, body = layout.panel(ids.PANEL_OWN_FILES, default_closed=True)
    header.label(text="Own Masks and Joints")
    if body is not None:
        for name in _OWN_MATERIAL:
            body.prop(values, name, placeholder=_AUTOMATIC)


# -- Quality --------------------------------------------------------------------------------------


def quality_state(context: Any, values: Any) -> State:
    """Engine and preset, or what they lack."""
    items = values.bl_rna.properties
    engine = items["engine"].enum_items[values.engine].name
    if readiness.engine_missing(values):
        return State("no weights yet", False)
    if memory_need.look(context, values).short:
        return State("too little memory", False)
    if values.engine == "preview":
        return State(str(engine))
    return State(f"{engine}, {items['quality'].enum_items[values.quality].name}")


def draw_quality(layout: Any, context: Any, values: Any) -> None:
    """Engine, preset and memory."""
    layout.prop(values, "engine")
    lacks = readiness.engine_missing(values)
    if lacks:
        draw_text(layout, context, lacks, "ERROR")
        draw_preferences_button(layout)
    need = memory_need.look(context, values)
    if need.words:
        draw_text(layout, context, need.words, "ERROR" if need.short else "NONE")
    if values.engine == "preview":
        return
    layout.prop(values, "quality")
    layout.prop(values, "memory")
    layout.prop(values, "compile")
    layout.prop(values, "moving_camera")
    header, body = layout.panel(ids.PANEL_SAMPLING, default_closed=True)
    header.label(text="Sampling")
    if body is not None:
        column = body.column(align=True)
        column.prop(values, "seed")
        column.prop(values, "steps", text="Steps" if values.steps else "Steps (0: preset)")
        column.prop(values, "cfg")
        column.prop(values, "guidance")


# -- Render ---------------------------------------------------------------------------------------


def draw_render(layout: Any, context: Any, values: Any) -> None:
    """The button, and why it is grey."""
    layout.prop(values, "title", placeholder="after the motion")
    layout.prop(values, "mp4", placeholder="no further copy")
    row = layout.row()
    row.scale_y = 1.4
    row.operator(ids.OP_RENDER, icon="RENDER_ANIMATION")
    reason = readiness.missing(context)
    if reason:
        draw_text(layout, context, reason)
        if readiness.no_backend() or readiness.engine_missing(values):
            draw_preferences_button(layout)


def draw_preferences_button(layout: Any) -> None:
    """The way to what is installed and imported."""
    layout.operator(ids.OP_PREFERENCES, icon="PREFERENCES")
