"""The panels in the sidebars of 3D View and Sequencer; both show the same."""

from __future__ import annotations

from typing import Any

import bpy

from .. import ids
from ..host.draw_cache import showing
from .queue import draw_queue, queue_state
from .section import section
from .sections import draw_render, draw_sections
from .takes import draw_takes, takes_state


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
        with showing():
            draw_sections(layout, context)
            section(layout, context, values, "show_render", "Render", queue_state, _draw_render)
            section(layout, context, values, "show_takes", "Takes", takes_state, draw_takes)


def _draw_render(layout: Any, context: Any, values: Any) -> None:
    draw_render(layout, context, values)
    draw_queue(layout, context)


class MF_PT_view3d(_Sidebar, bpy.types.Panel):
    """Sidebar of the 3D View."""

    bl_idname = ids.PANEL_VIEW3D
    bl_space_type = "VIEW_3D"


class MF_PT_sequencer(_Sidebar, bpy.types.Panel):
    """Sidebar of the Sequencer."""

    bl_idname = ids.PANEL_SEQUENCER
    bl_space_type = "SEQUENCE_EDITOR"


CLASSES = (MF_PT_view3d, MF_PT_sequencer)
