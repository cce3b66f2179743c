"""Small pictures of the latest finished frame of each run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..run.flow import RenderFlow


class _Holder:
    """The collection of previews between register and unregister."""

    previews: Any = None


def start() -> None:
    """Make room for previews."""
    import bpy.utils.previews

    _Holder.previews = bpy.utils.previews.new()


def stop() -> None:
    """Free the previews."""
    if _Holder.previews is not None:
        import bpy.utils.previews

        bpy.utils.previews.remove(_Holder.previews)
        _Holder.previews = None


def icon_of(flow: RenderFlow) -> int:
    """Icon of the run's latest finished frame; 0 while there is none. Reads the file just once."""
    frame = flow.status.frame if flow.status is not None else ""
    if not frame or _Holder.previews is None:
        return 0
    if frame not in _Holder.previews:
        if not Path(frame).is_file():
            return 0
        mine = [key for key in _Holder.previews if Path(key).parent == Path(frame).parent]
        for key in mine:
            del _Holder.previews[key]
        _Holder.previews.load(frame, frame, "IMAGE")
    return int(_Holder.previews[frame].icon_id)
