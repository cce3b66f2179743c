"""The plate that takes recovered from the footage, as an image in Blender."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.kept import kept_picture
from mf_backend.contracts.errors import InputError

from .... import ids
from . import stored


def recovered(actor: stored.StoredActor) -> NDArray[np.uint8]:
    """The latest take's plate, as `kept_picture` gives it. Raises InputError where no take was made
    yet.
    """
    picture = kept_picture(actor.folder.findings)
    if picture is None:
        raise InputError(
            "plate-none",
            "No plate was recovered from this footage yet.",
            "Render a take first, or look at a single frame of one.",
        )
    return picture


def load(actor: stored.StoredActor) -> Any:
    """The image of the latest take's plate, packed into the file; one that was loaded before is
    brought up to date. Raises InputError where no take was made yet.
    """
    picture = recovered(actor)
    height, width = picture.shape[:2]
    clip = str(actor.clip)
    image = next((one for one in bpy.data.images if one.get(ids.IMAGE_PLATE) == clip), None)
    if image is None:
        image = bpy.data.images.new(f"{Path(clip).stem} plate", width, height)
        image[ids.IMAGE_PLATE] = clip
    elif tuple(image.size) != (width, height):
        image.scale(width, height)
    image.pixels.foreach_set(_flat(picture))
    image.update()
    image.pack()
    return image


def _flat(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """RGB [height, width, 3] as Blender's floats, the lowest row first."""
    whole = np.ones((*picture.shape[:2], 4), np.float32)
    whole[..., :3] = picture[::-1].astype(np.float32) / 255
    return whole.ravel()


def show(context: Any, image: Any) -> bool:
    """Show it in the first Image Editor of the window; whether there is one."""
    screen = context.screen
    for area in screen.areas if screen is not None else ():
        if area.type == "IMAGE_EDITOR":
            area.spaces.active.image = image
            return True
    return False
