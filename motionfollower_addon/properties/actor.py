"""How a rig is made of the actor."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty

from mf_backend.actor.mends.correction_file import LONGEST_BLEND

from ..core.actor.lifting.body import STATURE
from ..host import compat


def _redraw(_: Any, __: Any) -> None:
    compat.redraw_views("VIEW_3D", "IMAGE_EDITOR", "SEQUENCE_EDITOR")


class ActorSettings:
    """What is shown of the actor, and how large he is in the scene."""

    actor_shown: BoolProperty(
        name="Show Actor",
        update=_redraw,
        description="Draw what was found of the actor over the footage: in the camera's view, in "
        "Image Editors that show the clip, and in the Sequencer's preview",
    )
    actor_layers: EnumProperty(
        name="Shown",
        options={"ENUM_FLAG"},
        update=_redraw,
        default={"SKELETON"},
        items=(
            (
                "SKELETON",
                "Skeleton",
                "The actor's joints: green where one was seen, yellow where it was carried over "
                "from other frames, orange where it is a stand-in, blue where you corrected it",
            ),
            ("MATTE", "Matte", "What is cut out as the actor, in red"),
            ("PEOPLE", "People", "Everybody who was found, outlined and numbered"),
        ),
        description="What is drawn of the actor over the footage",
    )

    actor_on_ground: BoolProperty(
        name="Feet on the Ground",
        default=True,
        description="Make the actor rig as tall as lets its feet stand at height zero of the "
        "scene, as the camera sees them. Where that makes no person, its stature counts",
    )
    actor_stature: FloatProperty(
        name="Stature",
        default=STATURE,
        min=0.1,
        soft_min=0.5,
        soft_max=2.5,
        subtype="DISTANCE",
        description="How tall the actor is, where that does not follow from the ground. Near and "
        "small or far and tall look the same in one picture",
    )
    actor_blend: IntProperty(
        name="Blend",
        default=3,
        min=0,
        soft_max=12,
        max=LONGEST_BLEND,
        description="Frames before and after a correction over which its joints go back to what "
        "was found. Between two corrections of a joint whose frames meet, it stays moved",
    )
    actor_mask: PointerProperty(
        name="Mask",
        type=bpy.types.Mask,
        description="Curves that you drew over the footage in an Image or Movie Clip Editor, in "
        "its mode Mask. Each layer gets a role: it adds to the actor, cuts from it, or is in front",
    )
