"""The actor's shadow in a finished frame: taken away where it was, cast where it will be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.compositing.blend import composite
from mf_backend.compositing.mattes import source_matte
from mf_backend.contracts.conditions import Conditions
from mf_backend.contracts.frames import Picture

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Shade:
    """Both shadows of one frame. Outside them it changes nothing."""

    removed: Floats
    """[H, W] how much of the old shadow's place shows the plate, 0..1."""
    cast: Floats
    """[H, W, 3] share of the light that the new shadow takes, 0..1."""

    @property
    def alpha(self) -> Floats:
        """[H, W] how much of an edited picture shows for the shadows' sake: 0 where neither is."""
        return np.asarray(np.maximum(self.removed, self.cast.max(axis=2) > 0), np.float32)

    def onto(self, picture: Picture) -> Picture:
        """A background [H, W, 3] with the new shadow on it; exactly it where none falls."""
        if not self.cast.any():
            return picture
        dark = np.rint(picture.astype(np.float32) * (1 - self.cast))
        return np.where(self.cast > 0, np.clip(dark, 0, 255), picture).astype(np.uint8)

    def ground(self, frame: Picture, clean: Picture) -> Picture:
        """`frame` [H, W, 3] with `clean`, which has no shadow, where the old one was, and the new
        one on it."""
        return self.onto(composite(frame, clean, self.removed))


def shade_of(conditions: Conditions, index: int) -> Shade:
    """The shadows of a frame; none where conditioning found or wanted none."""
    width, height = conditions.size
    removed = np.zeros((height, width), np.float32)
    cast = np.zeros((height, width, 3), np.float32)
    if conditions.path("source_shadow", index).is_file():
        removed = conditions.grey("source_shadow", index).astype(np.float32) / 255
    if conditions.path("target_shadow", index).is_file():
        cast = conditions.colour("target_shadow", index).astype(np.float32) / 255
    return Shade(removed, cast)


def hidden_by(conditions: Conditions, index: int) -> Mask:
    """What hides the background [H, W]: the actor's matte, and his shadow."""
    matte = source_matte(conditions, index)
    if not conditions.path("source_shadow", index).is_file():
        return matte
    return np.maximum(matte, conditions.grey("source_shadow", index))
