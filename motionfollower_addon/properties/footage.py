"""The clip whose actor gets the new motion, and which of its frames."""

from typing import Any

from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty

from ..host import compat
from ..host.footage.source import footage_strips
from .makers import path_setting, plain

_SOURCES = (
    ("STRIP", "Strip", "The footage is a strip of the Sequencer"),
    ("FILE", "File", "The footage is a video file or a folder of numbered images"),
)


def _strip_names(_: Any, context: Any, __: str) -> list[str]:
    return [item.name for item in footage_strips(compat.sequencer_scene(context))]


class FootageSettings:
    """Where the footage comes from."""

    source: EnumProperty(
        name="Source",
        items=plain(_SOURCES),
        description="Where the footage comes from that shows the actor",
    )
    strip: StringProperty(
        name="Strip",
        search=_strip_names,
        search_options={"SORT"},
        description="Movie or image strip that shows the actor; the result comes in over it. "
        "Empty: the active strip, or the only one",
    )
    clip: path_setting(
        "Clip",
        "Video file, or an image of a numbered sequence, that shows the actor",
    )
    fps: FloatProperty(
        name="Frame Rate",
        min=0.0,
        max=240.0,
        description="Frames a second of a folder of images, so how fast the result plays; 0 takes "
        "a video's own, and for images the scene's",
    )
    first: IntProperty(
        name="Skip",
        min=0,
        description="Frames left out at the start of what the strip or file shows; the motion "
        "begins after them",
    )
    count: IntProperty(
        name="Frames",
        min=0,
        description="How many frames of the clip get the new motion; 0 means all",
    )
