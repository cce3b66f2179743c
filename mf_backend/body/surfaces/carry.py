"""Colours carried on from where they are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def nearest_pixels(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Flat index [h, w] of the nearest pixel inside; there has to be one."""
    import cv2

    _, labels = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros(int(labels.max()) + 1, np.int64)
    nearest[labels[inside]] = np.flatnonzero(inside)
    found: NDArray[np.int64] = nearest[labels]
    return found


def smoothed(rgb: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Means [h, w, 3] of the pixels inside over a few pixels around."""
    import cv2

    weight = inside.astype(np.float32)
    mean = cv2.blur(rgb * weight[..., None], (5, 5))
    return np.asarray(mean / np.maximum(cv2.blur(weight, (5, 5)), 1e-3)[..., None], np.float32)
