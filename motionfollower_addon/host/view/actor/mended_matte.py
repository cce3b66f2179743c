"""The actor's matte with the masks that a person drew over it, as takes will have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.mends.mask_file import picture_path
from mf_backend.actor.mends.mask_layers import MaskLayer, MaskRole
from mf_backend.actor.store.folder import ActorFolder
from mf_backend.contracts.files import write_bytes

from ....core.job.png import encode_png

Cover = NDArray[np.float32]

_FOLDER = "matte"


@dataclass(frozen=True)
class Matte:
    """Which pictures make the matte of one frame."""

    found: Path
    drawn: tuple[tuple[MaskRole, Path], ...] = ()
    """Masks over it, the first one first."""


def matte_of(actor: ActorFolder, layers: Sequence[MaskLayer], frame: int) -> Matte:
    """The matte of a frame of the clip. Asks no disk."""
    drawn = []
    for layer in layers:
        sha256 = layer.picture(frame)
        if sha256 is not None:
            drawn.append((layer.role, picture_path(actor.mends, sha256)))
    return Matte(actor.picture("alpha", frame), tuple(drawn))


def cover_of(matte: Matte) -> Cover | None:
    """What a matte covers, 0..1 [height, width], rows from below; None where a file is missing or
    no picture."""
    cover = _read(matte.found)
    for role, path in matte.drawn:
        drawn = _read(path)
        if cover is None or drawn is None or drawn.shape != cover.shape:
            return None
        taken = role in (MaskRole.CUT, MaskRole.FRONT)
        cover = np.minimum(cover, 1 - drawn) if taken else np.maximum(cover, drawn)
    return cover


def _read(path: Path) -> Cover | None:
    try:
        image = bpy.data.images.load(str(path))
    except RuntimeError:
        # An analysis that goes on puts it there, or is told to make it again.
        return None
    try:
        width, height = image.size
        if not width or not height:
            return None
        image.colorspace_settings.name = "Non-Color"
        values = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(values)
    finally:
        bpy.data.images.remove(image)
    return np.ascontiguousarray(values.reshape(height, width, 4)[..., 0])


def folder_of(actor: ActorFolder, layers: Sequence[MaskLayer], frames: Sequence[int]) -> Path:
    """A folder with the mattes of these frames, named by their numbers: the analysis's own, or a
    copy with the masks in it where there are some. Raises OutputError where the disk refuses."""
    mattes = {frame: matte_of(actor, layers, frame) for frame in frames}
    if not any(matte.drawn for matte in mattes.values()):
        return actor.picture("alpha", 0).parent
    folder = actor.mends / _FOLDER
    for frame, matte in mattes.items():
        cover = cover_of(matte) if matte.drawn else None
        if cover is None:
            data = matte.found.read_bytes()
        else:
            data = encode_png(np.rint(255 * cover[::-1]).astype(np.uint8))
        write_bytes(folder / actor.picture("alpha", frame).name, data)
    return folder
