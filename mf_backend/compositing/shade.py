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

_SAME = 0.02
"""Difference between what both shadows take below which the old one is the new one, and stays."""
_MOST_LACKING = 0.8
"""Share of the light from which brightening would show hardly more than noise."""


@dataclass(frozen=True)
class Shade:
    """Both shadows of one frame. Outside them it changes nothing."""

    removed: Floats
    """[H, W] how much of the old shadow's place shows the plate, 0..1."""
    cast: Floats
    """[H, W, 3] share of the light that the new shadow takes, 0..1."""
    lacking: Floats
    """[H, W, 3] share of the light that the old shadow takes from the picture at hand: from the
    plate where it never left, and from a frame that keeps its own pixels."""

    @property
    def alpha(self) -> Floats:
        """[H, W] how much of an edited picture shows for the shadows' sake: 0 where neither is."""
        changed = (np.abs(self.cast - self.lacking) >= _SAME).any(axis=2) | self.cast.any(axis=2)
        return np.asarray(np.maximum(self.removed, changed), np.float32)

    def onto(self, clean: Picture) -> Picture:
        """The plate [H, W, 3] without the old shadow and with the new one; exactly it where neither
        changes it."""
        return self._lit(clean, self.cast, self.lacking)

    def ground(self, frame: Picture, clean: Picture) -> Picture:
        """`frame` [H, W, 3] with `clean`, the plate, where the old shadow was, and the new one on
        it."""
        bare = composite(frame, clean, self.removed)
        # A frame lacks the same light as its plate where the shadow never left.
        return self._lit(bare, self.cast, self.lacking)

    @staticmethod
    def _lit(picture: Picture, cast: Floats, lacking: Floats) -> Picture:
        if not cast.any() and not lacking.any():
            return picture
        light = (1 - cast) / (1 - lacking)
        changed = np.rint(picture.astype(np.float32) * light)
        same = (np.abs(cast - lacking) < _SAME) & (lacking > 0)
        return np.where(same, picture, np.clip(changed, 0, 255)).astype(np.uint8)


def shade_of(conditions: Conditions, index: int) -> Shade:
    """The shadows of a frame; none where conditioning found or wanted none."""
    width, height = conditions.size
    removed = np.zeros((height, width), np.float32)
    cast, lacking = (np.zeros((height, width, 3), np.float32) for _ in range(2))
    if conditions.path("source_shadow", index).is_file():
        removed = conditions.grey("source_shadow", index).astype(np.float32) / 255
    if conditions.path("target_shadow", index).is_file():
        cast = conditions.colour("target_shadow", index).astype(np.float32) / 255
    if conditions.path("source_shade", index).is_file():
        lacking = conditions.colour("source_shade", index).astype(np.float32) / 255
    return Shade(removed, cast, np.minimum(lacking, _MOST_LACKING))


def hidden_by(conditions: Conditions, index: int) -> Mask:
    """What hides the background [H, W]: the actor's matte, and his shadow."""
    matte = source_matte(conditions, index)
    if not conditions.path("source_shadow", index).is_file():
        return matte
    return np.maximum(matte, conditions.grey("source_shadow", index))
