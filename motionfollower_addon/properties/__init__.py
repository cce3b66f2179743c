"""What a scene keeps: the settings of the panel, a file for each group of them.

To add one: write it into its group. A new group is a file here, named in MF_PG_settings.
"""

import bpy
from bpy.props import BoolProperty, PointerProperty, StringProperty

from .. import ids
from ..panels.sections import SECTIONS
from . import bones
from .actor import ActorSettings
from .bones import BoneSettings, MF_PG_bone
from .fit import FitSettings
from .footage import FootageSettings
from .motion import MotionSettings
from .quality import QualitySettings
from .take import TakeSettings
from .view import ViewSettings


class OpenSections:
    """Which sections of the panel are open."""

    __annotations__ = {
        section.open_property: BoolProperty(
            name=section.title, description=section.tooltip, default=section.opened
        )
        for section in SECTIONS
    }


class MF_PG_settings(
    OpenSections,
    FootageSettings,
    ActorSettings,
    MotionSettings,
    BoneSettings,
    FitSettings,
    ViewSettings,
    QualitySettings,
    TakeSettings,
    bpy.types.PropertyGroup,
):
    """Settings of one scene; every default works untouched in a scene with one of each."""

    scene_id: StringProperty(options={"HIDDEN"})


CLASSES = (MF_PG_bone, MF_PG_settings)


def register() -> None:
    """Give every scene its settings and every object its bone list."""
    setattr(bpy.types.Scene, ids.SCENE_PROPERTY, PointerProperty(type=MF_PG_settings))
    bones.register()


def unregister() -> None:
    """Take them away again."""
    bones.unregister()
    delattr(bpy.types.Scene, ids.SCENE_PROPERTY)
