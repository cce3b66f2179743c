"""What the next take is called and where a copy of it goes."""

from bpy.props import StringProperty

from .makers import path_setting


class TakeSettings:
    """Name and copy of the next take."""

    mp4: path_setting(
        "Video File",
        "Where a copy of the finished video goes. Empty: only into the job's folder",
    )
    title: StringProperty(
        name="Take",
        description="Name of the next take, as its strip is called. Empty: named after the motion",
    )
