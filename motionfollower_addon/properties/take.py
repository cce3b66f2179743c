"""What the next take is called and where a copy of it goes."""

from bpy.props import StringProperty

from ..host import compat


class TakeSettings:
    """Name and copy of the next take."""

    mp4: StringProperty(
        name="Video File",
        subtype="FILE_PATH",
        options=compat.path_options(),
        description="Where a copy of the finished video goes. Empty: only into the job's folder",
    )
    title: StringProperty(
        name="Take",
        description="Name of the next take, as its strip is called. Empty: named after the motion",
    )
