"""The regions of a frame in which a result is scored.

- whole: every pixel
- union: where the actor was or should be: in the source's matte or in the truth's
- actor: where he should be, the truth's matte; outline: within OUTLINE of its edge; inside: the
  rest of it
- vacated: where he was and should not be; seen and never_seen: by whether any frame of the clip
  shows the set there
- shadow: outside both mattes, where one of the takes differs from the bare set
- outside: everything else
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import Picture

from ..shot_folder import ShotFolder, Take
from .seen import SeenBackground

Inside = NDArray[np.bool_]

OUTLINE = 3
"""Pixels of a picture whose longer side has 512."""
SHADOW_LEVELS = 6.0
"""By how much shadow and bare set must differ, 0..255, once noise is averaged out."""
FEWEST = 48
"""A region with fewer pixels in a frame is not scored there: its figure would be chance."""
_HALF = 128
_TRACE = 8
"""A matte above this shows something of the actor."""
_AVERAGED = 5
_GAP = 2
"""Pixels beside a matte that may be mixed with it and are no shadow."""


class Region(StrEnum):
    """See the module."""

    WHOLE = "whole"
    UNION = "union"
    ACTOR = "actor"
    INSIDE = "inside"
    OUTLINE = "outline"
    VACATED = "vacated"
    SEEN = "seen"
    NEVER_SEEN = "never_seen"
    SHADOW = "shadow"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class TrueFrame:
    """One frame of the right answer."""

    picture: Picture
    source: Picture
    plate: Picture
    matte: NDArray[np.uint8]
    """[height, width] of the actor in the truth."""
    source_matte: NDArray[np.uint8]
    regions: dict[Region, Inside]
    """Those with at least FEWEST pixels."""


class TrueFrames:
    """All frames of a shot's right answer; their regions are found once and kept packed."""

    def __init__(self, shot: ShotFolder) -> None:
        self.shot = shot
        self._seen = SeenBackground(shot)
        self._packed: dict[int, dict[Region, NDArray[np.uint8]]] = {}

    def __len__(self) -> int:
        return self.shot.count

    def __iter__(self) -> Iterator[TrueFrame]:
        return (self.read(index) for index in range(len(self)))

    def read(self, index: int) -> TrueFrame:
        """One frame, counted from 0."""
        shot = self.shot
        picture, source = (shot.frame(take, index) for take in (Take.TRUTH, Take.SOURCE))
        matte, source_matte = (shot.matte(take, index) for take in (Take.TRUTH, Take.SOURCE))
        plate = shot.plate(index)
        if index not in self._packed:
            seen = self._seen.on_frame(index)
            found = find_regions(matte, source_matte, (picture, source), plate, seen)
            self._packed[index] = {region: np.packbits(where) for region, where in found.items()}
        regions = {
            region: np.unpackbits(packed, count=matte.size).astype(bool).reshape(matte.shape)
            for region, packed in self._packed[index].items()
        }
        return TrueFrame(picture, source, plate, matte, source_matte, regions)


def find_regions(
    matte: NDArray[np.uint8],
    source_matte: NDArray[np.uint8],
    takes: tuple[Picture, Picture],
    plate: Picture,
    seen: Inside,
) -> dict[Region, Inside]:
    """The regions of one frame; `takes` are truth and source, `seen` where the clip shows the set
    at any time."""
    import cv2

    actor, before = matte >= _HALF, source_matte >= _HALF
    either = np.maximum(matte, source_matte) > _TRACE
    width = max(1, round(OUTLINE * max(matte.shape) / 512))
    core = cv2.erode(actor.astype(np.uint8), _disc(width), borderValue=1) > 0
    rim = (cv2.dilate(actor.astype(np.uint8), _disc(width)) > 0) & ~core
    vacated = before & ~actor
    near = cv2.dilate(either.astype(np.uint8), _disc(_GAP)) > 0
    shadow = np.zeros_like(actor)
    for take in takes:
        shadow |= darkened(take, plate)
    shadow &= ~near
    found = {
        Region.WHOLE: np.ones_like(actor),
        Region.UNION: actor | before,
        Region.ACTOR: actor,
        Region.INSIDE: core,
        Region.OUTLINE: rim,
        Region.VACATED: vacated,
        Region.SEEN: vacated & seen,
        Region.NEVER_SEEN: vacated & ~seen,
        Region.SHADOW: shadow,
        Region.OUTSIDE: ~near & ~shadow,
    }
    return {region: where for region, where in found.items() if where.sum() >= FEWEST}


def darkened(take: Picture, plate: Picture) -> Inside:
    """Where a take differs from the bare set by more than noise, as a shadow or a reflection
    does."""
    import cv2

    difference = take.astype(np.float32) - plate.astype(np.float32)
    smooth = cv2.blur(difference, (_AVERAGED, _AVERAGED))
    changed: Inside = np.abs(smooth).max(axis=-1) > SHADOW_LEVELS
    return changed


def _disc(radius: int) -> NDArray[np.uint8]:
    import cv2

    side = 2 * radius + 1
    disc: NDArray[np.uint8] = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return disc
