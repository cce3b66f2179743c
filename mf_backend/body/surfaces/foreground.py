"""The actor's own colours told from a frame, where its soft edges mix him with what is behind."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]

_REACHES = (0.08, 0.012)
"""Sides of the areas over which colours are averaged, coarse then fine, in heights of the
picture."""
_CERTAIN = 250
"""From here on a pixel counts as the actor's alone."""


def own_colours(frame: Mask, matte: Mask) -> Mask:
    """`frame` [h, w, 3] without the background that shows through the actor's `matte` [h, w].

    Hair, fingers and blurred edges keep what of their colour the frame has. Beyond the matte the
    nearest colours go on.
    """
    import cv2

    certain = matte >= _CERTAIN
    if certain.all() or not matte.any():
        return frame
    picture = frame.astype(np.float32)
    # A pixel that nearly is background keeps a trace of weight, so that colours reach beyond.
    alpha = np.maximum(matte.astype(np.float32) / 255, 1e-4)[..., None]
    behind = 1.001 - alpha
    own, back = picture, picture
    for share in _REACHES:
        side = 2 * max(1, round(share * len(frame))) + 1
        size = (side, side)
        weight, rest = cv2.blur(alpha, size)[..., None], cv2.blur(behind, size)[..., None]
        own = cv2.blur(own * alpha, size) / weight
        back = cv2.blur(back * behind, size) / rest
        # What both means leave unexplained is the actor's, as far as he covers the pixel.
        own = np.clip(own + alpha * (picture - alpha * own - (1 - alpha) * back), 0, 255)
    return np.where(certain[..., None], frame, np.rint(own).astype(np.uint8))
