"""The skeletons, drawn live over 3D Views and over our pictures in Image Editors."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from mf_backend.contracts.errors import MFError

from ... import ids
from ...core.rig.joints.compose import compose
from ...core.rig.joints.projection import Lens
from ...core.view.skeleton_lines import Rectangle, fit_inside, onto, seen_from, strokes
from .. import compat
from ..draw_cache import showing
from ..rig.camera import pixel_aspect, read_camera
from . import backdrop, fit
from .actor import over_footage, places, stored
from .draw import draw
from .rig_pose import RigPose

_ACTOR = (1.0, 1.0, 1.0, 0.85)
"""The actor's own skeleton is white, the target's has the skeletons' colours."""


class Overlay:
    """Draws what is switched on; reads the rig once for each change of the scene."""

    def __init__(self) -> None:
        self._handles: list[tuple[Any, str, Any]] = []
        self.rig = RigPose()
        self.drawn = 0
        """Times that a skeleton was drawn."""
        self.seconds: list[float] = []
        """What the latest drawings took."""

    def start(self) -> None:
        """Be called at every redraw of a view that may show the rig, the footage or a frame."""
        if bpy.app.background or self._handles:
            return
        for space, region, function in (
            (bpy.types.SpaceView3D, "WINDOW", self._draw_view),
            (bpy.types.SpaceImageEditor, "WINDOW", self._draw_picture),
            (bpy.types.SpaceSequenceEditor, "PREVIEW", over_footage.draw_actor),
        ):
            handle = space.draw_handler_add(self._timed, (function,), region, "POST_PIXEL")
            self._handles.append((space, region, handle))

    def stop(self) -> None:
        """Be called no more, and hold nothing of the open file."""
        for space, region, handle in self._handles:
            space.draw_handler_remove(handle, region)
        self._handles = []
        self.rig.forget()

    def _timed(self, function: Any) -> None:
        settings = getattr(bpy.context.scene, ids.SCENE_PROPERTY)
        on = settings.show_overlay or settings.show_fitting or settings.actor_shown
        if not (on or over_footage.choosing()):
            return
        begin = time.perf_counter()
        try:
            with showing():
                if not function(bpy.context, settings):
                    return
        except (MFError, ReferenceError):
            # The panel says what is missing; there is just nothing to draw.
            self.rig.drop()
            return
        self.drawn += 1
        self.seconds = [*self.seconds[-499:], time.perf_counter() - begin]

    # -- 3D View ------------------------------------------------------------------------------

    def _draw_view(self, context: Any, settings: Any) -> bool:
        if context.region_data is None:
            return False
        space, region = context.space_data, context.region
        camera = places.viewed_camera(space, context.region_data, context.scene)
        meant = settings.camera or context.scene.camera
        through = camera is not None and camera == meant
        drew = False
        if settings.show_fitting and through:
            frame = places.camera_frame(region, context.region_data, camera, context.scene)
            drew = self._draw_fit(context, frame)
        if through:
            drew = over_footage.draw_actor(context, settings) or drew
        if settings.show_overlay:
            live = self._live(context, settings, camera if through else None)
            if live is not None:
                draw(strokes(*live))
                drew = True
        return drew

    def _live(self, context: Any, settings: Any, camera: Any) -> tuple[Any, float] | None:
        """The rig's joints in the region and region pixels a picture's pixel; None: not yet."""
        depsgraph = compat.evaluated_depsgraph(context)
        pose = self.rig.read(context.scene, settings, depsgraph)
        if pose is None:
            return None
        size = backdrop.clip_size(context)
        if camera is None:
            seen = context.region_data
            lens = Lens.PERSPECTIVE if seen.is_perspective else Lens.ORTHOGRAPHIC
            matrices = (
                np.array(m, np.float64) for m in (seen.perspective_matrix, seen.view_matrix)
            )
            region = (context.region.width, context.region.height)
            return seen_from(pose, *matrices, lens, region), 0.5
        joints = compose(pose, read_camera(camera, depsgraph), size, pixel_aspect(context.scene))
        region, seen = context.region, context.region_data
        place = fit_inside(places.camera_frame(region, seen, camera, context.scene), size)
        return onto(joints, size, place), place.size[0] / size[0]

    def _draw_fit(self, context: Any, frame: Rectangle) -> bool:
        job = fit.known(context.scene)
        index = job.index_at(context.scene.frame_current_final) if job is not None else None
        if job is None or index is None:
            return False
        _draw_both(job, index, fit_inside(frame, job.conditions.size))
        return True

    # -- Image Editor -------------------------------------------------------------------------

    def _draw_picture(self, context: Any, settings: Any) -> bool:
        """Over a previewed frame, the skeletons of that very frame; over the footage, the actor."""
        if over_footage.draw_actor(context, settings):
            return True
        image = context.space_data.image
        about = image.get(ids.IMAGE_FRAME) if image is not None else None
        if not settings.show_fitting or about is None:
            return False
        said = json.loads(about)
        job = fit.known(context.scene)
        if job is None or job.folder != Path(said["folder"]):
            return False
        view = context.region.view2d
        (left, bottom), (right, top) = (view.view_to_region(v, v, clip=False) for v in (0.0, 1.0))
        _draw_both(job, int(said["index"]), Rectangle(left, bottom, right, top))
        return True


def _draw_both(job: fit.FitJob, index: int, place: Rectangle) -> None:
    size = job.conditions.size
    scale = place.size[0] / size[0]
    source, target = job.conditions.source_joints[index], job.conditions.target_joints[index]
    draw(strokes(onto(target, size, place), scale))
    draw(strokes(onto(source, size, place), scale, _ACTOR))


class _Holder:
    """The overlay between register and unregister."""

    overlay: Overlay | None = None


@bpy.app.handlers.persistent
def _changed(*_: Any) -> None:
    """The scene's time or data changed: the rig has to be read again."""
    if _Holder.overlay is not None:
        _Holder.overlay.rig.changes += 1


@bpy.app.handlers.persistent
def _before_load(*_: Any) -> None:
    """Nothing of the file that closes may be drawn or held."""
    fit.forget()
    stored.forget()
    if _Holder.overlay is not None:
        _Holder.overlay.stop()


@bpy.app.handlers.persistent
def _after_load(*_: Any) -> None:
    if _Holder.overlay is not None:
        _Holder.overlay.start()


_HANDLERS = {
    "frame_change_post": _changed,
    "depsgraph_update_post": _changed,
    "undo_post": _changed,
    "redo_post": _changed,
    "load_pre": _before_load,
    "load_post": _after_load,
}


def start() -> None:
    """Begin to draw where it is switched on."""
    _Holder.overlay = Overlay()
    _Holder.overlay.start()
    for name, function in _HANDLERS.items():
        getattr(bpy.app.handlers, name).append(function)


def stop() -> None:
    """Draw no more."""
    for name, function in _HANDLERS.items():
        listening = getattr(bpy.app.handlers, name)
        if function in listening:
            listening.remove(function)
    fit.forget()
    stored.forget()
    if _Holder.overlay is not None:
        _Holder.overlay.stop()
        _Holder.overlay = None


def current() -> Overlay | None:
    """The overlay; None while the add-on is switched off."""
    return _Holder.overlay


def drawn() -> int:
    """Times that a skeleton was drawn."""
    return _Holder.overlay.drawn if _Holder.overlay is not None else 0
