"""The actor's matte as a picture to draw over the footage, read once for each shown frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ....core.view.skeleton_lines import Rectangle
from ... import compat
from . import places

_TINT = (1.0, 0.2, 0.15)
_STRENGTH = 0.5
_LARGEST = 1024
"""Pixels a side that are drawn; larger mattes are thinned out."""
_MOST = 16
"""Mattes that are kept: as many frames as somebody goes to and fro between."""


class _Kept:
    """The latest mattes by path, and those to be read; None stands for one that cannot be."""

    pictures: dict[Path, NDArray[np.float32] | None] = {}
    textures: dict[Path, Any] = {}
    wanted: Path | None = None


def forget() -> None:
    """Keep none."""
    _Kept.pictures.clear()
    _Kept.textures.clear()
    _Kept.wanted = None


def draw_matte(path: Path, place: Rectangle) -> bool:
    """Tint what a matte covers, in the region that Blender draws; False while it is being read."""
    if path not in _Kept.pictures:
        _ask(path)
        return False
    picture = _Kept.pictures[path]
    if picture is None:
        return False
    import gpu
    from gpu_extras.batch import batch_for_shader

    if path not in _Kept.textures:
        height, width = picture.shape[:2]
        values = gpu.types.Buffer("FLOAT", picture.size, picture.ravel())
        _Kept.textures[path] = gpu.types.GPUTexture((width, height), format="RGBA8", data=values)
    corners = ((0, 0), (1, 0), (1, 1), (0, 0), (1, 1), (0, 1))
    (width, height) = place.size
    spots = [(place.left + x * width, place.bottom + y * height) for x, y in corners]
    shader = gpu.shader.from_builtin("IMAGE")
    batch = batch_for_shader(shader, "TRIS", {"pos": spots, "texCoord": corners})
    gpu.state.blend_set("ALPHA")
    shader.bind()
    shader.uniform_sampler("image", _Kept.textures[path])
    batch.draw(shader)
    gpu.state.blend_set("NONE")
    return True


def _ask(path: Path) -> None:
    """Have it read after this drawing, in which no data may be made; only the latest counts."""
    waits = _Kept.wanted is not None
    _Kept.wanted = path
    if not waits or not bpy.app.timers.is_registered(_read_wanted):
        bpy.app.timers.register(_read_wanted, first_interval=0.0)


def _read_wanted() -> None:
    path, _Kept.wanted = _Kept.wanted, None
    if path is None:
        return
    while len(_Kept.pictures) >= _MOST:
        oldest = next(iter(_Kept.pictures))
        del _Kept.pictures[oldest]
        _Kept.textures.pop(oldest, None)
    _Kept.pictures[path] = tinted(path)
    compat.redraw_views(*places.KINDS)


def tinted(path: Path) -> NDArray[np.float32] | None:
    """A matte as red, green, blue and strength [height, width, 4], rows from below; None where the
    file is missing or no picture."""
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError:
        # An analysis that goes on puts it there, or is told to make it again.
        return None
    try:
        width, height = image.size
        if not width or not height:
            return None
        image.colorspace_settings.name = "Non-Color"
        values = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(values)
    finally:
        bpy.data.images.remove(image)
    step = -(-max(width, height) // _LARGEST)
    cover = values.reshape(height, width, 4)[::step, ::step, 0]
    picture = np.empty((*cover.shape, 4), np.float32)
    picture[..., :3], picture[..., 3] = _TINT, _STRENGTH * cover
    return picture
