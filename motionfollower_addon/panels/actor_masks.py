"""Rows of the Actor section in which masks are mended."""

from __future__ import annotations

from typing import Any

from .. import ids
from ..core.actor.drawn.roles import role_label
from ..host.actor.drawn_masks import role_of
from ..host.view.corrections import Listed

_MOST = 12


def draw_masks(layout: Any, values: Any, listed: Listed) -> None:
    """The Mask, its layers with their roles, what to do with them, and what was kept."""
    column = layout.column(align=True)
    column.prop(values, "actor_mask", text="", icon="MOD_MASK")
    mask = values.actor_mask
    if mask is not None:
        for layer in list(mask.layers)[:_MOST]:
            row = column.row(align=True)
            row.label(text=layer.name)
            role = role_of(mask, layer.name)
            button = row.operator_menu_enum(
                ids.OP_MASK_ROLE, "role", text="No Role" if role is None else role_label(role)
            )
            button.layer = layer.name
        column.operator(ids.OP_MASK_APPLY, icon="CHECKMARK")
    column.operator_menu_enum(
        ids.OP_MASK_PICTURES, "role", text="Add Painted Masks", icon="BRUSH_DATA"
    )
    for line in listed.layers[:_MOST]:
        row = layout.row()
        row.label(text=line.text)
        row.operator(ids.OP_MASK_REMOVE, text="", icon="X").name = line.id
    more = len(listed.layers) - _MOST
    if more > 0:
        layout.label(text=f"and {more} more")
