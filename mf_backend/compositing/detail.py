"""Detail of the picture that a denoising started from, which small latents cannot hold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.compositing.window import Window

Array = NDArray[np.uint8]
_ALIKE = 25.0
"""Levels of 255 by which painted may differ from the start for 0.6 of its detail to stay."""
_ABOUT = 5
"""Side in an engine's pixels of the square over which that is taken."""


def with_detail(painted: Array, coded: Array, start: Array, window: Window) -> Array:
    """The window uint8 [height, width, 3] in the clip's pixels, as painted and as sharp as `start`.

    `painted` [h, w, 3] at the engine's size, `start` [height, width, 3] the picture that it was
    painted over, at the clip's, and `coded` [h, w, 3] what the autoencoder leaves of that at the
    engine's. What it lost is added where it was painted over with much the same:

        painted + (start - coded) exp(-d^2 / 2 s^2)

    with d the root mean square difference of painted and coded about a pixel.
    """
    import cv2

    after, before = painted.astype(np.float32), coded.astype(np.float32)
    away = cv2.blur(np.square(after - before).mean(axis=2), (_ABOUT, _ABOUT))
    kept = window.enlarge(np.exp(-away / (2 * _ALIKE**2)))
    lost = start.astype(np.float32) - window.enlarge(before)
    full = window.enlarge(after) + kept[..., None] * lost
    return np.asarray(np.clip(np.rint(full), 0, 255), np.uint8)
