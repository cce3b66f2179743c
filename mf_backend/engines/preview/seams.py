"""Narrow gaps between the surfaces closed, where limbs turned away from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.surfaces.carry import nearest_pixels, smoothed

Floats = NDArray[np.float32]

_SOLID = 0.95


def close_gaps(
    colour: Floats, cover: Floats, mask: NDArray[np.uint8], width: float
) -> tuple[Floats, Floats]:
    """Colour times alpha [h, w, 3] and alpha [h, w] without gaps up to `width` pixels.

    Only inside `mask` [h, w] (255 = actor). They take the colour of the nearest pixel.
    """
    import cv2

    reach = max(1, round(width / 2))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    inside = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.8)
    wanted = np.minimum(cv2.morphologyEx(cover, cv2.MORPH_CLOSE, disc), inside)
    lacking = wanted - cover
    solid = cv2.erode((cover > _SOLID).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if lacking.max(initial=0) < 0.02 or not solid.any():
        return colour, cover
    lacking = np.maximum(lacking, 0)
    plain = colour / np.maximum(cover, 1e-3)[..., None]
    carried = smoothed(plain, solid).reshape(-1, 3)[nearest_pixels(solid)]
    return colour + carried * lacking[..., None], cover + lacking
