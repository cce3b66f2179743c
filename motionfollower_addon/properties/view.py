"""What is drawn over the views."""

from typing import Any

from bpy.props import BoolProperty

from ..host import compat


def _redraw(_: Any, __: Any) -> None:
    compat.redraw_views("VIEW_3D", "IMAGE_EDITOR")


class ViewSettings:
    """Which skeletons are drawn over the views."""

    show_overlay: BoolProperty(
        name="Show Skeleton",
        update=_redraw,
        description="Draw the rig's skeleton live over every 3D View; through the camera it is "
        "exactly what the actor will follow",
    )
    show_fitting: BoolProperty(
        name="Show Fit",
        update=_redraw,
        description="Draw the actor's skeleton as it was found (white) and the rig's as it was "
        "fitted to him or her (coloured) over the camera's view and over previewed frames",
    )
