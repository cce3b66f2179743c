"""The clip as the camera's background picture, put there and taken away on the user's click."""

from __future__ import annotations

import re
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError, MFError

from ... import ids
from .. import compat
from ..footage import source as clip
from ..panel_shot import motion_range, to_shot
from ..rig import lookup
from . import fit

_NAME = "MotionFollower footage"
_NUMBER = re.compile(r"(\d+)\D*$")


def clip_size(context: Any) -> tuple[int, int]:
    """Width and height of the footage in pixels; the scene's own picture where it is not known."""
    scene = context.scene
    values = getattr(scene, ids.SCENE_PROPERTY)
    if values.source == "STRIP":
        strip = _strip(context, values)
        first = strip.elements[0] if strip is not None and len(strip.elements) else None
        if first is not None and first.orig_width and first.orig_height:
            return (int(first.orig_width), int(first.orig_height))
    else:
        for image in bpy.data.images:
            if image.get(ids.IMAGE_BACKDROP) is not None and image.size[0]:
                return (int(image.size[0]), int(image.size[1]))
    job = fit.known(scene)
    if job is not None:
        return job.conditions.size
    return (int(scene.render.resolution_x), int(scene.render.resolution_y))


def _strip(context: Any, values: Any) -> Any:
    return clip.chosen_strip(compat.sequencer_scene(context), values.strip)


def camera_of(context: Any) -> Any:
    """The camera that films the rig. Raises InputError where there is none."""
    values = getattr(context.scene, ids.SCENE_PROPERTY)
    return lookup.find_camera(context.scene, values.camera.name if values.camera else "")


def shown(camera: Any) -> list[Any]:
    """Our own background pictures of a camera."""
    return [
        item
        for item in camera.data.background_images
        if item.image is not None and item.image.get(ids.IMAGE_BACKDROP) is not None
    ]


def show(context: Any) -> str:
    """Put the footage behind the camera's view; returns a remark, empty where all fits.

    What the user has behind it stays. Raises InputError where footage or camera do not serve.
    """
    scene = context.scene
    values = getattr(scene, ids.SCENE_PROPERTY)
    camera = camera_of(context)
    if camera.data.library is not None:
        raise InputError(
            "camera-linked",
            f"The camera {camera.name!r} is linked from a library and cannot be changed.",
            "Use a camera of this file.",
        )
    footage = clip.resolve(compat.sequencer_scene(context), to_shot(scene))
    image, offset, length = _load(footage, values)
    image.name = _NAME
    image[ids.IMAGE_BACKDROP] = int(camera.data.show_background_images)
    item = camera.data.background_images.new()
    item.image = image
    item.alpha, item.frame_method, item.display_depth = 1.0, "FIT", "BACK"
    item.show_expanded = False
    user = item.image_user
    try:
        armature = lookup.find_armature(scene, values.armature.name if values.armature else "")
        first, _ = lookup.find_range(scene, armature, values.action, motion_range(scene))
    except MFError:
        # The footage can be looked at before there is any motion.
        first = scene.frame_start
    user.frame_start, user.frame_offset = round(first), offset
    user.frame_duration = max(1, values.count or length)
    user.use_auto_refresh, user.use_cyclic = True, False
    camera.data.show_background_images = True
    rate = values.fps or (image.fps if image.source == "MOVIE" and hasattr(image, "fps") else 0.0)
    if rate and abs(rate - lookup.scene_fps(scene)) > 0.01:
        return f"The footage has {rate:g} frames a second and is shown at the scene's rate."
    return ""


def _load(footage: Any, values: Any) -> tuple[Any, int, int]:
    """(image, frames left out before its first one, frames that it has)."""
    path = footage.path
    sequence = bool(footage.names) or path.is_dir()
    files = [path / name for name in footage.names]
    if sequence and not files:
        from mf_backend.clip.image_folder import scan

        files = list(scan(path).files)
    files = files[values.first :] or files[-1:]
    source = files[0] if sequence else path
    try:
        image = bpy.data.images.load(str(source), check_existing=False)
    except RuntimeError as error:
        raise InputError(
            "clip-unreadable",
            f"Blender cannot read {source.name}: {error}.",
            "See whether the file plays, or export it again as mp4.",
        ) from error
    if not sequence:
        return image, footage.trim + footage.offset + values.first, image.frame_duration
    image.source = "SEQUENCE"
    number = _NUMBER.search(source.name)
    return image, (int(number.group(1)) if number else 1) - 1, len(files)


def hide(camera: Any) -> None:
    """Take our own background pictures away; everything else stays."""
    for item in shown(camera):
        image = item.image
        before = bool(image[ids.IMAGE_BACKDROP])
        # Removing alone would leave the image with a user.
        item.image = None
        camera.data.background_images.remove(item)
        camera.data.show_background_images = before
        if not image.users:
            bpy.data.images.remove(image)
