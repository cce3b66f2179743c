"""Pictures that were painted by hand as mask layers of the actor, read by Blender itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.mends.mask_file import LayerPictures, put_layers
from mf_backend.actor.mends.mask_layers import MaskLayer, MaskRole
from mf_backend.clip import image_folder
from mf_backend.contracts.errors import InputError

from ...core.actor.material import ActorMaterial
from ...core.job.png import encode_png


def take(path: Path, role: MaskRole, material: ActorMaterial) -> MaskLayer:
    """Keep pictures with the actor: one for all frames, or a folder whose pictures are numbered as
    the clip's frames are, from 0.

    Raises InputError where they are none of this clip, OutputError where the disk refuses.
    """
    if not path.exists():
        raise InputError(
            "mask-missing", f"There is no picture and no folder {path}.", "Choose it again."
        )
    kept = LayerPictures(material.mends, path.name, role, material.size)
    whole = range(material.first, material.first + material.count)
    if path.is_dir():
        for frame, file in _numbered(path, whole):
            picture = _read(file, material.size)
            if picture.any():
                kept.add(frame, encode_png(picture))
    else:
        picture = _read(path, material.size)
        png = encode_png(picture)
        for frame in whole if picture.any() else ():
            kept.add(frame, png)
    layer = kept.layer()
    if layer is None:
        raise InputError(
            "mask-empty",
            f"The masks in {path} are black everywhere.",
            "Paint white what they are for.",
        )
    put_layers(material.mends, [layer])
    return layer


def _numbered(folder: Path, frames: range) -> Iterator[tuple[int, Path]]:
    images = image_folder.scan(folder)
    for number, file in zip(images.numbers, images.files, strict=True):
        if number not in frames:
            raise InputError(
                "mask-outside",
                f"{file} is for frame {number}, but the actor was looked for on frames "
                f"{frames.start} to {frames.stop - 1} of the clip.",
                "Number the pictures as the clip's frames are, from 0.",
            )
        yield number, file


def _read(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture's brightness as it is stored, uint8 [height, width]."""
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise InputError(
            "mask-damaged", f"The picture {path} cannot be read.", "Save it again as PNG."
        ) from error
    try:
        image.colorspace_settings.name = "Non-Color"
        width, height = (int(side) for side in image.size)
        if (width, height) == (0, 0):
            raise InputError(
                "mask-damaged", f"The picture {path} cannot be read.", "Save it again as PNG."
            )
        if (width, height) != size:
            raise InputError(
                "mask-size",
                f"The mask {path} is {width}x{height} pixels, but the clip is {size[0]}x{size[1]}.",
                "Make it at the clip's own size.",
            )
        pixels = np.empty(width * height * image.channels, np.float32)
        image.pixels.foreach_get(pixels)
        colours = pixels.reshape(height, width, image.channels)[::-1]
        grey = colours[..., : 3 if image.channels >= 3 else 1].mean(axis=-1)
        return np.asarray(np.clip(np.rint(255 * grey), 0, 255), np.uint8)
    finally:
        bpy.data.images.remove(image)
