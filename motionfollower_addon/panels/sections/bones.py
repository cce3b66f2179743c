"""The Bones section: what was detected, and the user's own list with bone pickers."""

from __future__ import annotations

from typing import Any

import bpy

from ... import ids
from ...core.rig.mapping import REQUIRED
from ...host.rig import bone_map, custom_bones, scene_objects
from ..text import draw_text
from .base import Section, State


def _chosen(values: Any) -> str:
    return "" if values.bone_map == "AUTO" else str(values.bone_map)


def no_armature(context: Any) -> str:
    """What to say where no rig is chosen and none can be meant."""
    return "choose a rig" if scene_objects.armatures(context.scene) else "no rig yet"


def state(context: Any, values: Any) -> State:
    """Which map fits the rig."""
    armature = bone_map.chosen_armature(context.scene)
    if armature is None:
        return State(no_armature(context), False)
    found = bone_map.detected(armature, _chosen(values))
    return State(found.words, found.usable)


class MF_UL_bones(bpy.types.UIList):
    """Rows of joints with bone pickers; needed joints without a bone are marked."""

    bl_idname = ids.LIST_BONES

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
        index: int = 0,
    ) -> None:
        """One joint."""
        split = layout.split(factor=0.42)
        needed = item.joint in REQUIRED and not item.bone
        split.label(text=item.name, icon="ERROR" if needed else "NONE")
        split.prop_search(item, "bone", data.data, "bones", text="")


def draw(layout: Any, context: Any, values: Any) -> None:
    """The detected map and its score, or the own list."""
    armature = bone_map.chosen_armature(context.scene)
    if armature is None:
        layout.label(text="Choose a rig in Motion first", icon="INFO")
        return
    found = bone_map.detected(armature, _chosen(values))
    layout.prop(values, "bone_map")
    column = layout.column(align=True)
    guessed = found.mapping is not None and found.mapping.guessed
    icon = "QUESTION" if guessed else "CHECKMARK" if found.usable else "ERROR"
    draw_text(column, context, found.words[:1].upper() + found.words[1:], icon)
    for line in found.lines:
        draw_text(column, context, line)
    if values.bone_map != "AUTO":
        return
    if not len(custom_bones.rows(armature)):
        row = layout.row(align=True)
        row.operator(ids.OP_BONES_EDIT, icon="GREASEPENCIL")
        row.operator(ids.OP_BONES_LOAD, text="", icon="FILE_FOLDER")
        return
    layout.template_list(
        ids.LIST_BONES, "", armature, ids.BONES_PROPERTY, values, "bone_row", rows=6
    )
    row = layout.row(align=True)
    row.operator_menu_enum(ids.OP_BONES_MIRROR, "source", icon="MOD_MIRROR")
    row.operator(ids.OP_BONES_CLEAR, icon="FILE_REFRESH")
    row.operator(ids.OP_BONES_SAVE, text="", icon="FILE_TICK")
    row.operator(ids.OP_BONES_LOAD, text="", icon="FILE_FOLDER")


SECTION = Section(
    "bones",
    "Bones",
    "Which bones of the rig move which joints of the actor",
    state,
    draw,
    classes=(MF_UL_bones,),
)
