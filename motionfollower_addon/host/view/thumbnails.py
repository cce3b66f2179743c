"""Small pictures of the latest finished frame of each run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ..run.flow import RenderFlow

_EVERY_SECONDS = 10.0
"""Blender draws every view of every window anew once it has read such a picture."""


class _Holder:
    """The collection of previews between register and unregister."""

    previews: Any = None
    loaded: dict[str, float] = {}
    """When a picture of a folder was last loaded."""


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
        _Holder.loaded.clear()


def icon_of(flow: RenderFlow) -> int:
    """Icon of the run's latest finished frame; 0 while there is none. Reads the file just once."""
    frame = flow.status.frame if flow.status is not None else ""
    if not frame or _Holder.previews is None:
        return 0
    if frame not in _Holder.previews:
        if not Path(frame).is_file():
            return 0
        folder, now = str(Path(frame).parent), time.monotonic()
        shown = next((key for key in _Holder.previews if str(Path(key).parent) == folder), None)
        if shown is not None:
            if now - _Holder.loaded.get(folder, 0.0) < _EVERY_SECONDS:
                return int(_Holder.previews[shown].icon_id)
            del _Holder.previews[shown]
        _Holder.previews.load(frame, frame, "IMAGE")
        _Holder.loaded[folder] = now
    return int(_Holder.previews[frame].icon_id)
