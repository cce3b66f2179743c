"""The actor's part of a frame: where it is, showing it to a network that sees squares, and putting
the matte back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.estimators.base import Matte
from mf_backend.contracts.frames import Picture

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; x1 and y1 are outside."""

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_STD = np.array([0.229, 0.224, 0.225], np.float32)
"""Mean and deviation of ImageNet's colours, 0..1, which both networks were trained with."""
_MARGIN = 0.2
"""Room around the actor, in parts of their usual extent."""


def actor_box(joints: NDArray[Any], size: tuple[int, int]) -> tuple[Box, float]:
    """Box around the actor over all frames with a margin, and the actor's usual extent, pixels.

    The whole picture where no joint is known.
    """
    known = np.isfinite(joints).all(axis=-1)
    if not known.any():
        return (0, 0, size[0], size[1]), float(max(size))
    extents = []
    for frame, mask in zip(joints, known, strict=True):
        if mask.any():
            points = frame[mask]
            extents.append(float((points.max(axis=0) - points.min(axis=0)).max()))
    extent = max(float(np.median(extents)), 16.0)
    points = joints[known]
    low = np.floor(points.min(axis=0) - _MARGIN * extent)
    high = np.ceil(points.max(axis=0) + _MARGIN * extent) + 1
    x0, y0 = np.clip(low, 0, None).astype(int)
    x1, y1 = np.minimum(high, size).astype(int)
    if (x1 - x0) * (y1 - y0) > 0.8 * size[0] * size[1]:
        x0, y0, x1, y1 = 0, 0, size[0], size[1]
    return (int(x0), int(y0), int(max(x1, x0 + 1)), int(max(y1, y0 + 1))), extent


def square_input(picture: Picture, box: Box, side: int) -> NDArray[np.float32]:
    """The box of an RGB frame as normalised float32 [1, 3, side, side]; aspect is not kept."""
    import cv2

    x0, y0, x1, y1 = box
    part = picture[y0:y1, x0:x1]
    how = cv2.INTER_AREA if max(part.shape[:2]) > side else cv2.INTER_LINEAR
    resized = cv2.resize(part, (side, side), interpolation=how).astype(np.float32) / 255
    normalised = (resized - _MEAN) / _STD
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None])


def placed(logits: NDArray[Any], box: Box, size: tuple[int, int]) -> Matte:
    """Matte uint8 [height, width] of the whole frame from logits [h, w] of its box; 0 outside."""
    import cv2

    x0, y0, x1, y1 = box
    # Enlarged before the sigmoid: the edge stays as sharp as the network drew it.
    full = cv2.resize(
        np.asarray(logits, np.float32), (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR
    )
    matte = 1 / (1 + np.exp(-np.clip(full, -30, 30)))
    whole = np.zeros((size[1], size[0]), np.uint8)
    whole[y0:y1, x0:x1] = np.round(matte * 255)
    return whole
