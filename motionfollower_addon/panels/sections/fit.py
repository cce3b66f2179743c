"""The Fit to Actor section: how the rig's skeleton is brought onto the actor."""

from __future__ import annotations

from typing import Any

from ... import ids
from ...host.rig import bone_map, meshes
from ..view import draw_fit_view
from .base import Section, State

_AUTOMATIC = "automatic"
_OWN_MATERIAL = ("source_masks", "source_poses", "source_joints")


def state(_: Any, values: Any) -> State:
    """How the skeleton is fitted."""
    fitted = values.alignment == "fit"
    if any(getattr(values, name) for name in _OWN_MATERIAL):
        return State("scaled, own files" if fitted else "as filmed, own files")
    return State("scaled to the actor" if fitted else "as the camera films it")


def draw(layout: Any, context: Any, values: Any) -> None:
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
    layout.prop(values, "shadow")
    column = layout.column(align=True)
    column.prop(values, "plate", placeholder=_AUTOMATIC)
    if values.plate:
        column.prop(values, "plate_fit", text="")
    draw_fit_view(layout, context, values)
    header, body = layout.panel(ids.PANEL_OWN_FILES, default_closed=True)
    header.label(text="Own Masks and Joints")
    if body is not None:
        for name in _OWN_MATERIAL:
            body.prop(values, name, placeholder=_AUTOMATIC)


SECTION = Section(
    "fit",
    "Fit to Actor",
    "How the rig's skeleton is brought onto the actor: how tall and where in the "
    "picture the actor will be",
    state,
    draw,
)
