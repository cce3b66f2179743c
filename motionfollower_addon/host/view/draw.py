"""Draws a skeleton's strokes into the region that Blender is drawing."""

from __future__ import annotations

from typing import Any

from ...core.view.skeleton_lines import Strokes


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
