"""Putting an edited picture back: soft inside the two masks, the clip's own pixels outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

TARGET_FEATHER = 3.0
"""Pixels at 512. The source's edge has no ramp: the old actor would show through it, and the plate
meets the frame there without a step."""
_STEPS = 0.8
"""Pixels at 512 over which the course of a mask's edge is told from its steps. A wider blur would
thin a drawn actor, who has soft edges of his own."""
_CLEARANCE, _FADE = 5.0, 4.0
"""Pixels at 512 about the target mask in which the new actor still shows, and fades out."""


def inward_ramp(mask: Mask, feather: float) -> Floats:
    """Alpha float32 [H, W]: 0 outside a hard mask, rising inside it to 1 over `feather` pixels.

    The picture's own edge is no edge of the mask.
    """
    import cv2

    hard = (mask >= 128).astype(np.uint8)
    padded = cv2.copyMakeBorder(hard, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    return np.asarray(np.clip(depth / max(feather, 1e-3), 0, 1), np.float32)


def soft_union(source_mask: Mask, target_mask: Mask, feather: float = TARGET_FEATHER) -> Floats:
    """Alpha float32 [H, W] of the two hard masks' union: 0 outside, 1 in the source mask.

    Where only the target mask is, it rises inwards from the union's edge over `feather` pixels at
    512.
    """
    scale = max(1.0, min(source_mask.shape) / 512)
    union = np.maximum(source_mask, target_mask)
    edge = inward_ramp(union, feather * scale)
    return np.maximum(edge, (source_mask >= 128).astype(np.float32))


def hard_union(source_mask: Mask, target_mask: Mask) -> Floats:
    """Alpha float32 [H, W] of the two hard masks' union: 1 in either, 0 outside, for a picture
    whose actor went through `keep_near`."""
    return (np.maximum(source_mask, target_mask) >= 128).astype(np.float32)


def composite(
    frame: NDArray[np.uint8], edited: NDArray[np.uint8], alpha: Floats
) -> NDArray[np.uint8]:
    """`edited` over `frame` [H, W, 3] by alpha [H, W] 0..1; exactly `frame` where alpha is 0."""
    rows, columns = np.flatnonzero(alpha.max(1) > 0), np.flatnonzero(alpha.max(0) > 0)
    out = frame.copy()
    if not rows.size:
        return out
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    a = alpha[box][..., None]
    below = frame[box].astype(np.float32)
    mixed = np.rint(below + (edited[box].astype(np.float32) - below) * a)
    out[box] = np.where(a > 0, np.clip(mixed, 0, 255).astype(np.uint8), frame[box])
    return out


def keep_near(
    drawn: NDArray[np.uint8],
    behind: NDArray[np.uint8],
    source_mask: Mask,
    target_mask: Mask,
) -> NDArray[np.uint8]:
    """`drawn` [H, W, 3] in and close about the target mask, fading to `behind` further out.

    In the source mask everything of an edited picture shows: stray pieces of a warped limb would
    float where the old actor was. Where the union of both hard masks cuts the drawn actor off he
    fades to `behind` along the cut's smoothed course: there the union's pixels would be seen as
    steps. His own soft edges within it stay.
    """
    import cv2

    scale = max(1.0, min(target_mask.shape) / 512)
    away = cv2.distanceTransform((target_mask < 128).astype(np.uint8), cv2.DIST_L2, 5) / scale
    weight = np.clip(1 - (away - _CLEARANCE) / _FADE, 0, 1).astype(np.float32)
    union = hard_union(source_mask, target_mask)
    # Beyond the picture the mask goes on: the picture's own edge is no edge of it.
    about = cv2.GaussianBlur(union, (0, 0), _STEPS * scale, borderType=cv2.BORDER_REPLICATE)
    weight = np.minimum(weight, np.clip(2 * about - 1, 0, 1) * union)
    return composite(behind, drawn, np.asarray(weight, np.float32))
