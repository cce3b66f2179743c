"""The panels in the sidebars of 3D View and Sequencer; both show the same."""

from __future__ import annotations

from typing import Any

import bpy

from .. import ids
from ..host.draw_cache import showing
from .sections import SECTIONS


class _Sidebar:
    """What both panels share."""

    bl_label = "MotionFollower"
    bl_region_type = "UI"
    bl_category = ids.CATEGORY

    layout: Any

    def draw(self, context: Any) -> None:
        """Sections in the order of the work."""
        layout = self.layout
        values = getattr(context.scene, ids.SCENE_PROPERTY)
        layout.use_property_split = True
        layout.use_property_decorate = False
        with showing():
            for section in SECTIONS:
                section.show(layout, context, values)


class MF_PT_view3d(_Sidebar, bpy.types.Panel):
    """Sidebar of the 3D View."""

    bl_idname = ids.PANEL_VIEW3D
    bl_space_type = "VIEW_3D"


class MF_PT_sequencer(_Sidebar, bpy.types.Panel):
    """Sidebar of the Sequencer."""

    bl_idname = ids.PANEL_SEQUENCER
    bl_space_type = "SEQUENCE_EDITOR"


CLASSES = (
    *(cls for section in SECTIONS for cls in section.classes),
    MF_PT_view3d,
    MF_PT_sequencer,
)
