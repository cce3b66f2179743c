"""The actor's matte as a picture to draw over the footage, read once for each shown frame."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ....core.view.skeleton_lines import Rectangle
from ... import compat
from . import places
from .mended_matte import Matte, cover_of

_TINT = (1.0, 0.2, 0.15)
_STRENGTH = 0.5
_LARGEST = 1024
"""Pixels a side that are drawn; larger mattes are thinned out."""
_MOST = 16
"""Mattes that are kept: as many frames as somebody goes to and fro between."""


class _Kept:
    """The latest mattes, and the one to be read; None stands for one that cannot be."""

    pictures: dict[Matte, NDArray[np.float32] | None] = {}
    textures: dict[Matte, Any] = {}
    wanted: Matte | None = None


def forget() -> None:
    """Keep none."""
    _Kept.pictures.clear()
    _Kept.textures.clear()
    _Kept.wanted = None


def draw_matte(matte: Matte, place: Rectangle) -> bool:
    """Tint what a matte covers, in the region that Blender draws; False while it is being read."""
    if matte not in _Kept.pictures:
        _ask(matte)
        return False
    picture = _Kept.pictures[matte]
    if picture is None:
        return False
    import gpu
    from gpu_extras.batch import batch_for_shader

    if matte not in _Kept.textures:
        height, width = picture.shape[:2]
        values = gpu.types.Buffer("FLOAT", picture.size, picture.ravel())
        _Kept.textures[matte] = gpu.types.GPUTexture((width, height), format="RGBA8", data=values)
    corners = ((0, 0), (1, 0), (1, 1), (0, 0), (1, 1), (0, 1))
    (width, height) = place.size
    spots = [(place.left + x * width, place.bottom + y * height) for x, y in corners]
    shader = gpu.shader.from_builtin("IMAGE")
    batch = batch_for_shader(shader, "TRIS", {"pos": spots, "texCoord": corners})
    gpu.state.blend_set("ALPHA")
    shader.bind()
    shader.uniform_sampler("image", _Kept.textures[matte])
    batch.draw(shader)
    gpu.state.blend_set("NONE")
    return True


def _ask(matte: Matte) -> None:
    """Have it read after this drawing, in which no data may be made; only the latest counts."""
    waits = _Kept.wanted is not None
    _Kept.wanted = matte
    if not waits or not bpy.app.timers.is_registered(_read_wanted):
        bpy.app.timers.register(_read_wanted, first_interval=0.0)


def _read_wanted() -> None:
    matte, _Kept.wanted = _Kept.wanted, None
    if matte is None:
        return
    while len(_Kept.pictures) >= _MOST:
        oldest = next(iter(_Kept.pictures))
        del _Kept.pictures[oldest]
        _Kept.textures.pop(oldest, None)
    _Kept.pictures[matte] = tinted(matte)
    compat.redraw_views(*places.KINDS)


def tinted(matte: Matte) -> NDArray[np.float32] | None:
    """A matte as red, green, blue and strength [height, width, 4], rows from below; None where a
    file is missing or no picture."""
    whole = cover_of(matte)
    if whole is None:
        return None
    step = -(-max(whole.shape) // _LARGEST)
    cover = whole[::step, ::step]
    picture = np.empty((*cover.shape, 4), np.float32)
    picture[..., :3], picture[..., 3] = _TINT, _STRENGTH * cover
    return picture
