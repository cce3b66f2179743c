"""What the next take is called and where a copy of it goes."""

from typing import Any

from bpy.props import FloatProperty, StringProperty

from ..host.take import comparison
from .makers import path_setting


def _move_wipes(settings: Any, _: Any) -> None:
    comparison.move_wipes(settings.id_data)


class TakeSettings:
    """Name and copy of the next take, and how takes are compared."""

    mp4: path_setting(
        "Video File",
        "Where a copy of the finished video goes. Empty: only into the job's folder",
    )
    wipe: FloatProperty(
        name="Wipe at",
        subtype="PERCENTAGE",
        default=50.0,
        min=0.0,
        max=100.0,
        update=_move_wipes,
        description="How far from the left the footage shows through the take that is compared",
    )
    title: StringProperty(
        name="Take",
        description="Name of the next take, as its strip is called. Empty: named after the motion",
    )
