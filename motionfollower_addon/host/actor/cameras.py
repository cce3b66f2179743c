"""A scene's camera on every frame of a clip, as lifting wants it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError

from ...core.actor.lifting.camera_rows import Views, views
from ...core.rig.joints.projection import Lens, pixel_rows
from ..rig.camera import check_camera, pixel_aspect, read_camera
from ..rig.motion_sampler import go_to_frame


def check_lens(camera: Any) -> None:
    """Raise InputError unless a camera has a lens: rays that meet in it."""
    check_camera(camera)
    if camera.data.type != Lens.PERSPECTIVE:
        raise InputError(
            "camera-without-lens",
            f"The camera {camera.name!r} is orthographic and tells nothing of distances; an actor "
            "rig needs a perspective camera.",
            "Change its type in the camera's Lens settings, and give it the lens of the clip.",
        )


def clip_views(
    scene: Any, layer: Any, camera: Any, size: tuple[int, int], frames: Sequence[float]
) -> Views:
    """The camera at scene frames `frames`, for a clip of `size` (width, height) pixels.

    The scene's frame is put back. Raises InputError for a camera without a lens.
    """
    check_lens(camera)
    aspect = pixel_aspect(scene)
    before = scene.frame_current, scene.frame_subframe
    rows: list[NDArray[np.float64]] = []
    try:
        for frame in frames if _moves(camera) else frames[:1]:
            go_to_frame(scene, layer, frame)
            rows.append(pixel_rows(read_camera(camera, layer.depsgraph), size, aspect))
    finally:
        scene.frame_set(before[0], subframe=before[1])
    found = np.stack(rows)
    return views(np.repeat(found, len(frames), axis=0) if len(found) == 1 else found)


def _moves(camera: Any) -> bool:
    """Whether a camera may be elsewhere, or have another lens, on another frame."""
    own = camera.data.animation_data, camera.animation_data, camera.parent
    return any(item is not None for item in own) or len(camera.constraints) > 0
