"""Where the footage is in a region: camera's view, Image Editor, Sequencer's preview."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d

from .... import ids
from ....core.backend.state import ClipFacts
from ....core.view.skeleton_lines import Rectangle, fit_inside
from ... import compat
from ...footage import source
from ...panel_shot import to_shot
from ...paths import real_path
from ...rig.camera import pixel_aspect

KINDS = ("VIEW_3D", "IMAGE_EDITOR", "SEQUENCE_EDITOR")
"""Editors that may show the footage."""
_NUMBER = re.compile(r"(\d+)\D*$")
_STRAIGHT = 1e-4
"""Radians that nobody sees a strip turned by."""


class InClip(Protocol):
    """What was found in a clip."""

    @property
    def facts(self) -> ClipFacts:
        """About the clip."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the clip in pixels."""


@dataclass(frozen=True)
class Shown:
    """The footage in a region."""

    place: Rectangle
    """Where its picture lies, in the region's pixels."""
    frame: int | None = None
    """Frame of the clip that is shown; None: the one of the scene's time."""


def footage_in(area: Any, region: Any, about: InClip, clip: Path, context: Any) -> Shown | None:
    """Where an area's region shows the footage `clip`; None where it does not."""
    find = _FINDERS.get((area.type, region.type))
    return None if find is None else find(area.spaces.active, region, about, clip, context)


def viewed_camera(space: Any, region_3d: Any, scene: Any) -> Any:
    """The camera that a 3D View looks through; None in a free view."""
    if region_3d is None or region_3d.view_perspective != "CAMERA":
        return None
    return space.camera if space.use_local_camera else scene.camera


def camera_frame(region: Any, region_3d: Any, camera: Any, scene: Any) -> Rectangle:
    """Where a camera's frame is in the region that looks through it."""
    matrix = camera.matrix_world.normalized()
    corners = [
        location_3d_to_region_2d(region, region_3d, matrix @ corner)
        for corner in camera.data.view_frame(scene=scene)
    ]
    if any(corner is None for corner in corners):
        return Rectangle(np.nan, np.nan, np.nan, np.nan)
    # Right top, right bottom, left bottom, left top.
    return Rectangle(corners[2].x, corners[2].y, corners[0].x, corners[0].y)


def _in_view(space: Any, region: Any, about: InClip, clip: Path, context: Any) -> Shown | None:
    scene = context.scene
    camera = viewed_camera(space, space.region_3d, scene)
    meant = getattr(scene, ids.SCENE_PROPERTY).camera or scene.camera
    if camera is None or camera != meant:
        return None
    frame = camera_frame(region, space.region_3d, camera, scene)
    return Shown(fit_inside(frame, about.size), _behind(camera, about, clip, scene))


def _behind(camera: Any, about: InClip, clip: Path, scene: Any) -> int | None:
    """Frame of the clip that is behind the rig now, where it is: it begins with the motion."""
    for item in camera.data.background_images if camera.data.show_background_images else ():
        image, user = item.image, item.image_user
        if image is None or not item.show_background_image or not _is_clip(image, clip):
            continue
        shown = scene.frame_current - user.frame_start + 1
        if 1 <= shown <= user.frame_duration:
            return _frame(image, shown + user.frame_offset, about)
    return None


def _in_image(space: Any, region: Any, about: InClip, clip: Path, context: Any) -> Shown | None:
    """Where the image is the clip's file, or a picture of its folder."""
    image = space.image
    if image is None or not _is_clip(image, clip):
        return None
    frame = _frame(image, space.image_user.frame_current, about)
    return Shown(_view_rectangle(region, (0.0, 0.0), (1.0, 1.0)), frame)


def _is_clip(image: Any, clip: Path) -> bool:
    """Whether an image shows the clip, or a picture of its folder."""
    if not image.filepath:
        return False
    path = real_path(image.filepath)
    return clip in (path, path.parent)


def _frame(image: Any, number: int, about: InClip) -> int | None:
    """Frame of the clip that Blender counts as `number`: movies from 1, pictures by their names."""
    if image.source == "MOVIE":
        return number - 1
    if image.source != "SEQUENCE":
        named = _NUMBER.search(Path(image.filepath).stem)
        if named is None:
            return None
        number = int(named[1])
    return number - about.facts.first_number


def _in_preview(space: Any, region: Any, about: InClip, clip: Path, context: Any) -> Shown | None:
    """Where the strip's picture lies in the Sequencer's preview, which shows whole render sizes."""
    scene = compat.sequencer_scene(context) or context.scene
    strip = source.chosen_strip(scene, to_shot(context.scene).strip)
    if strip is None or not _plain(strip):
        return None
    if not compat.start(strip) <= scene.frame_current < compat.end(strip):
        return None
    turned = strip.transform
    width, height = about.size[0] * turned.scale_x, about.size[1] * turned.scale_y
    wide, high = pixel_aspect(scene)
    aspect = wide / high
    middle = (turned.offset_x * aspect, turned.offset_y)
    lower = (middle[0] - width / 2 * aspect, middle[1] - height / 2)
    upper = (middle[0] + width / 2 * aspect, middle[1] + height / 2)
    return Shown(_view_rectangle(region, lower, upper))


def _plain(strip: Any) -> bool:
    """Whether a strip's picture lies straight and whole in the render's."""
    crop = strip.crop
    cropped = any((crop.min_x, crop.max_x, crop.min_y, crop.max_y))
    mirrored = strip.use_flip_x or strip.use_flip_y
    turned = abs(strip.transform.rotation) > _STRAIGHT
    about = tuple(strip.transform.origin) != (0.5, 0.5)
    return not (cropped or mirrored or turned or about)


def _view_rectangle(region: Any, low: tuple[float, float], high: tuple[float, float]) -> Rectangle:
    """A rectangle of a region's own coordinates in its pixels."""
    view = region.view2d
    (left, bottom), (right, top) = (view.view_to_region(*v, clip=False) for v in (low, high))
    return Rectangle(left, bottom, right, top)


_FINDERS: dict[tuple[str, str], Callable[..., Shown | None]] = {
    ("VIEW_3D", "WINDOW"): _in_view,
    ("IMAGE_EDITOR", "WINDOW"): _in_image,
    ("SEQUENCE_EDITOR", "PREVIEW"): _in_preview,
}


def under_mouse(window: Any, x: int, y: int) -> tuple[Any, Any] | None:
    """(area, region) at a place of a window, where that region may show footage; a sidebar that
    lies over it is none."""
    for area in window.screen.areas:
        hit = [r for r in area.regions if _inside(r, x, y)]
        main = next((r for r in hit if (area.type, r.type) in _FINDERS), None)
        if main is not None and len(hit) == 1:
            return area, main
    return None


def _inside(region: Any, x: int, y: int) -> bool:
    across, up = x - region.x, y - region.y
    return bool(0 <= across < region.width and 0 <= up < region.height)


def anywhere(about: InClip, clip: Path) -> bool:
    """Whether any window shows the footage."""
    context = bpy.context
    return any(
        footage_in(area, region, about, clip, context) is not None
        for window in compat.windows()
        for area in window.screen.areas
        for region in area.regions
    )
