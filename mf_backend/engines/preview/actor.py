"""The actor in the target pose: surfaces gathered from the clip, drawn from back to front."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.surfaces.gathering import ActorSurfaces
from mf_backend.contracts.frames import Picture
from mf_backend.engines.preview.order import drawing_order
from mf_backend.engines.preview.seams import close_gaps

Mask = NDArray[np.uint8]

_GAP = 0.1
"""Widest gap between surfaces that is closed, in torso lengths."""


class Actor:
    """Draws the actor."""

    def __init__(self, surfaces: ActorSurfaces, positions: NDArray[Any] | None = None) -> None:
        """`positions` [frames, 60, 3]: the target's joints in metres, where they are known."""
        self._surfaces, self._positions = surfaces, positions

    def draw(self, index: int, below: Picture, mask: Mask) -> Picture:
        """The actor of target frame `index` over the picture `below` [H, W, 3].

        `mask` [H, W] is where he is expected (255); gaps between his limbs are closed there.
        """
        model = self._surfaces.model
        if not model.target.present[index]:
            return below
        colour = np.zeros((*below.shape[:2], 3), np.float32)
        cover = np.zeros(below.shape[:2], np.float32)
        positions = None if self._positions is None else self._positions[index]
        widths = model.target_widths
        for surface in drawing_order(model.target.points[index], widths, positions):
            drawn = self._surfaces.draw(surface, index)
            if drawn is None or drawn.colour is None:
                continue
            x0, y0, x1, y1 = drawn.box
            behind = 1 - drawn.alpha
            part, over = colour[y0:y1, x0:x1], cover[y0:y1, x0:x1]
            part *= behind[..., None]
            part += drawn.colour * drawn.alpha[..., None]
            over *= behind
            over += drawn.alpha
        colour, cover = close_gaps(colour, cover, mask, _GAP * widths.unit)
        out = below.astype(np.float32) * (1 - cover[..., None]) + colour
        return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)
