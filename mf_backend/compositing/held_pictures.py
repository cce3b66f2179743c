"""Pictures of what the actor's hands hold, cut from the clip and drawn where it is carried."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.held_things import Carried, Holder
from mf_backend.compositing.held_mattes import held_part
from mf_backend.contracts.frames import Picture

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

_KEPT = 8
"""Things kept in memory, each of one hand in one frame."""
_RIM = 3
"""Pixels about a thing into which its colours are carried, so that its edge holds no background."""


@dataclass(frozen=True)
class _Cut:
    """A thing as a frame shows it."""

    colour: Picture
    alpha: Mask
    origin: tuple[int, int]
    """The frame's pixel that is its first one."""


class HeldPictures:
    """Draws things. Frames [H, W, 3], mattes and maps of what is held [H, W] are read as needed."""

    def __init__(
        self,
        read: Callable[[int], Picture],
        matte: Callable[[int], Mask],
        held: Callable[[int], Mask],
    ) -> None:
        self._read, self._matte, self._held = read, matte, held
        self._cuts: OrderedDict[tuple[Holder, int], _Cut | None] = OrderedDict()

    def draw(self, carried: Carried, below: Picture) -> Picture:
        """A thing over the picture `below` [H, W, 3]."""
        import cv2

        cut = self._cut(carried)
        if cut is None:
            return below
        height, width = below.shape[:2]
        matrix = carried.matrix.copy()
        matrix[:, 2] += matrix[:, :2] @ np.array(cut.origin, np.float64)
        alpha = cv2.warpAffine(cut.alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)
        colour = cv2.warpAffine(
            cut.colour, matrix, (width, height), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        share = alpha.astype(np.float32)[..., None] / 255
        mixed = below.astype(np.float32) * (1 - share) + colour.astype(np.float32) * share
        return np.asarray(np.where(share > 0, np.rint(mixed), below), np.uint8)

    def _cut(self, carried: Carried) -> _Cut | None:
        key = (carried.holder, carried.frame)
        if key not in self._cuts:
            self._cuts[key] = self._made(carried)
            if len(self._cuts) > _KEPT:
                self._cuts.popitem(last=False)
        self._cuts.move_to_end(key)
        return self._cuts[key]

    def _made(self, carried: Carried) -> _Cut | None:
        import cv2

        frame = carried.frame
        alpha = held_part(self._held(frame), self._matte(frame), carried.holder)
        rows, columns = np.flatnonzero(alpha.max(1)), np.flatnonzero(alpha.max(0))
        if not rows.size:
            return None
        y0, x0 = max(0, rows[0] - _RIM), max(0, columns[0] - _RIM)
        box = np.s_[y0 : rows[-1] + 1 + _RIM, x0 : columns[-1] + 1 + _RIM]
        part, picture = alpha[box], self._read(frame)[box]
        solid = cv2.erode((part >= 230).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        if solid.any():
            _, labels = cv2.distanceTransformWithLabels(
                (~solid).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
            )
            colours = np.zeros((int(labels.max()) + 1, 3), np.uint8)
            colours[labels[solid]] = picture[solid]
            picture = np.where(part[..., None] >= 230, picture, colours[labels])
        return _Cut(np.ascontiguousarray(picture), np.ascontiguousarray(part), (int(x0), int(y0)))
