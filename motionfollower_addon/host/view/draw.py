"""Draws a skeleton's strokes into the region that Blender is drawing."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.view.people_lines import Outlines
from ...core.view.skeleton_lines import Strokes

_BOX_WIDTH = 2.5
_FONT = 0
_WORDS, _PAD = 18.0, 5.0
"""Points, and pixels around them."""
_GROUND = (0.0, 0.0, 0.0, 0.7)


def draw(strokes: Strokes) -> None:
    """Draw limbs, then joints, then hands."""
    import gpu

    gpu.state.blend_set("ALPHA")
    _lines(gpu, strokes.limbs, strokes.limb_colours, strokes.limb_width)
    if len(strokes.discs):
        shader = gpu.shader.from_builtin("FLAT_COLOR")
        _batch(shader, "TRIS", strokes.discs, strokes.disc_colours).draw(shader)
    _lines(gpu, strokes.hands, strokes.hand_colours, strokes.hand_width)
    gpu.state.blend_set("NONE")


def draw_outlines(outlines: Outlines) -> None:
    """Draw boxes with their words over them, each on a dark ground."""
    import blf
    import gpu

    gpu.state.blend_set("ALPHA")
    _lines(gpu, outlines.lines, outlines.colours, _BOX_WIDTH)
    scale = bpy.context.preferences.system.ui_scale
    blf.size(_FONT, _WORDS * scale)
    for label in outlines.labels:
        width, height = blf.dimensions(_FONT, label.text)
        _ground(gpu, label.left, label.bottom, width + 2 * _PAD, height + 2 * _PAD)
        blf.color(_FONT, *label.colour)
        blf.position(_FONT, label.left + _PAD, label.bottom + _PAD, 0)
        blf.draw(_FONT, label.text)
    gpu.state.blend_set("NONE")


def _ground(gpu: Any, left: float, bottom: float, width: float, height: float) -> None:
    """A dark rectangle."""
    right, top = left + width, bottom + height
    corners = [(left, bottom), (right, bottom), (right, top), (left, bottom), (right, top)]
    places = [(x, y, 0.0) for x, y in (*corners, (left, top))]
    shader = gpu.shader.from_builtin("FLAT_COLOR")
    _batch(shader, "TRIS", places, [_GROUND] * len(places)).draw(shader)


def _lines(gpu: Any, places: Any, colours: Any, width: float) -> None:
    if not len(places):
        return
    shader = gpu.shader.from_builtin("POLYLINE_FLAT_COLOR")
    batch = _batch(shader, "LINES", places, colours)
    shader.bind()
    _, _, wide, high = gpu.state.viewport_get()
    shader.uniform_float("viewportSize", (wide, high))
    shader.uniform_float("lineWidth", width)
    batch.draw(shader)


def _batch(shader: Any, kind: str, places: Any, colours: Any) -> Any:
    from gpu_extras.batch import batch_for_shader

    return batch_for_shader(shader, kind, {"pos": places, "color": colours})
