"""The target skeleton, drawn live over the viewport while it looks through the rig's camera."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d
from numpy.typing import NDArray

from mf_backend.errors import MFError
from mf_backend.skeleton.draw import HAND_LINE_COLOURS, LIMB_COLOURS
from mf_backend.skeleton.joints import HAND_LINES, LEFT_HAND, LIMBS, RIGHT_HAND

from .. import ids
from . import lookup, own_bones, rig_state
from .rig import joints_now
from .rig_reader import RigReader

_LIMB_WIDTH = 4.0
_HAND_WIDTH = 2.0
_BRIGHTER = 1 / 0.6
"""The pictures' limbs are dimmed, which is hard to see over a viewport."""


def _segments() -> list[tuple[int, int, tuple[float, ...], bool]]:
    """(joint, joint, colour, whether it is a hand's) of every line."""
    found: list[tuple[int, int, tuple[float, ...], bool]] = []
    for (a, b), colour in zip(LIMBS, LIMB_COLOURS, strict=True):
        bright = tuple(min(1.0, value / 255 * _BRIGHTER) for value in colour)
        found.append((a, b, (*bright, 1.0), False))
    for hand in (LEFT_HAND, RIGHT_HAND):
        for (a, b), colour in zip(HAND_LINES, HAND_LINE_COLOURS, strict=True):
            line = (*(value / 255 for value in colour), 1.0)
            found.append((hand.start + a, hand.start + b, line, True))
    return found


_SEGMENTS = _segments()


class Overlay:
    """Draws while it is on; finds the rig anew when the choice or its bones change."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._reader: tuple[Any, RigReader] | None = None
        self.drawn = 0
        """Times that a skeleton was drawn."""

    def start(self) -> None:
        """Be called at every redraw of a 3D View."""
        if not bpy.app.background:
            self._handle = bpy.types.SpaceView3D.draw_handler_add(
                self._draw, (), "WINDOW", "POST_PIXEL"
            )

    def stop(self) -> None:
        """Be called no more."""
        if self._handle is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
            self._handle = None

    def _draw(self) -> None:
        context = bpy.context
        settings = getattr(context.scene, ids.SCENE_PROPERTY)
        if not settings.show_overlay or context.region_data is None:
            return
        in_camera = context.region_data.view_perspective == "CAMERA"
        if not in_camera or context.scene.camera is None:
            return
        try:
            points = region_joints(context, self._find_reader(context, settings))
        except (MFError, ReferenceError):
            # The panel says what is missing; there is just nothing to draw.
            self._reader = None
            return
        draw_lines(points)
        self.drawn += 1

    def _find_reader(self, context: Any, settings: Any) -> RigReader:
        name = settings.armature.name if settings.armature else ""
        armature = lookup.find_armature(context.scene, name)
        chosen = "" if settings.bone_map == "AUTO" else settings.bone_map
        bones = tuple(armature.data.bones.keys())
        key = (armature.as_pointer(), chosen, own_bones.key(armature), bones)
        if self._reader is None or self._reader[0] != key:
            self._reader = (key, RigReader(armature, rig_state.mapping_for(armature, chosen)))
        return self._reader[1]


def region_joints(context: Any, reader: RigReader) -> NDArray[np.float64]:
    """Joints [60, 2] in pixels of the region, y up, for a view through the scene's camera."""
    scene, camera = context.scene, context.scene.camera
    render = scene.render
    size = (render.resolution_x, render.resolution_y)
    depsgraph = context.evaluated_depsgraph_get()
    joints = joints_now(scene, reader, camera, size, depsgraph).astype(np.float64)
    # Corners of the camera's frame: right top, right bottom, left bottom, left top.
    corners = [
        location_3d_to_region_2d(
            context.region, context.region_data, camera.matrix_world.normalized() @ corner
        )
        for corner in camera.data.view_frame(scene=scene)
    ]
    if any(corner is None for corner in corners):
        return np.full_like(joints, np.nan)
    left, right = corners[2].x, corners[0].x
    bottom, top = corners[2].y, corners[0].y
    # Pixel centres lie at whole numbers, the frame's edges half a pixel further out.
    across = (joints[:, 0] + 0.5) / size[0]
    down = (joints[:, 1] + 0.5) / size[1]
    return np.stack([left + across * (right - left), top + down * (bottom - top)], axis=1)


def draw_lines(points: NDArray[np.float64]) -> None:
    """Draw the skeleton with joints [60, 2] into the region that is being drawn."""
    import gpu
    from gpu_extras.batch import batch_for_shader

    shader = gpu.shader.from_builtin("POLYLINE_FLAT_COLOR")
    gpu.state.blend_set("ALPHA")
    for hands, width in ((False, _LIMB_WIDTH), (True, _HAND_WIDTH)):
        places: list[tuple[float, float, float]] = []
        colours: list[tuple[float, ...]] = []
        for a, b, colour, is_hand in _SEGMENTS:
            pair = points[[a, b]]
            if is_hand is hands and np.isfinite(pair).all():
                places += [(float(x), float(y), 0.0) for x, y in pair]
                colours += [colour, colour]
        if not places:
            continue
        batch = batch_for_shader(shader, "LINES", {"pos": places, "color": colours})
        shader.bind()
        _, _, wide, high = gpu.state.viewport_get()
        shader.uniform_float("viewportSize", (wide, high))
        shader.uniform_float("lineWidth", width)
        batch.draw(shader)
    gpu.state.blend_set("NONE")


class _Holder:
    """The overlay between register and unregister."""

    overlay: Overlay | None = None


def start() -> None:
    """Begin to draw where it is switched on."""
    _Holder.overlay = Overlay()
    _Holder.overlay.start()


def stop() -> None:
    """Draw no more."""
    if _Holder.overlay is not None:
        _Holder.overlay.stop()
        _Holder.overlay = None


def drawn() -> int:
    """Times that a skeleton was drawn."""
    return _Holder.overlay.drawn if _Holder.overlay is not None else 0
