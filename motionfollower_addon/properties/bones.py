"""Which bones of the rig move which joints of the actor: the map, and a rig's own list."""

import bpy
from bpy.props import CollectionProperty, EnumProperty, IntProperty, StringProperty

from .. import ids
from ..core.rig.bone_maps import load_bone_maps

_BONE_MAPS = [
    ("AUTO", "Best Fit", "The rig's own list where it has one, else the map that fits it best"),
    *((item.id, item.label, f"The bone names of {item.label}") for item in load_bone_maps()),
]
_ENDS = (
    ("HEAD", "Head", "The joint is at the bone's head"),
    ("TAIL", "Tail", "The joint is at the bone's tail"),
    ("TIP", "Tip", "The joint is the far end of a finger whose last bone may point anywhere"),
)
_OVERRIDE = {"LIBRARY_OVERRIDABLE"}


class MF_PG_bone(bpy.types.PropertyGroup):
    """One row of a bone list: a joint and the bone that it is at.

    A rig that overrides a linked one has a list of its own, which is saved with it.
    """

    name: StringProperty(options={"HIDDEN"}, override=_OVERRIDE)
    joint: StringProperty(options={"HIDDEN"}, override=_OVERRIDE)
    bone: StringProperty(
        name="Bone",
        override=_OVERRIDE,
        description="Bone that this joint follows. Empty: the joint is left out",
    )
    end: EnumProperty(
        name="End",
        override=_OVERRIDE,
        items=_ENDS,
        description="At which point of the bone the joint of the skeleton is drawn",
    )


class BoneSettings:
    """Which bone names the rig follows."""

    bone_map: EnumProperty(
        name="Bone Map",
        items=_BONE_MAPS,
        description="Which bone names the rig follows: by them each joint of the actor finds its "
        "bone",
    )
    bone_row: IntProperty(options={"HIDDEN"})


def register() -> None:
    """Give every object its bone list."""
    setattr(
        bpy.types.Object,
        ids.BONES_PROPERTY,
        CollectionProperty(type=MF_PG_bone, override={*_OVERRIDE, "USE_INSERTION"}),
    )


def unregister() -> None:
    """Take them away again."""
    delattr(bpy.types.Object, ids.BONES_PROPERTY)
