"""Pixels that no frame saw: structure goes on into big holes, colour into small ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.exemplar import exemplar_fill

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Filler = Callable[[Picture, Mask, Mask], Picture]
"""Makes up a hole in a picture without colours from where the last one says: `fill` or `inpaint`,
which takes a tenth of the time and goes on with colours alone."""

_MOST_PAINTED = 9000
"""Pixels that are inpainted at full size; bigger holes are painted smaller, they are smooth."""
_SHALLOW = 3.0
"""Pixels of depth up to which a hole shows no structure."""
_AROUND, _LEAST_AROUND = 0.5, 40
"""Surroundings that patches are taken from: share of the hole's longer side, and pixels."""


def fill(picture: Picture, hole: Mask, avoid: Mask) -> Picture:
    """`picture` [H, W, 3] with `hole` [H, W] made up from around it, always in the same way.

    `avoid` marks further pixels whose colours must not be used.
    """
    import cv2

    if not hole.any():
        return picture
    deep = cv2.distanceTransform(np.pad(hole, 1).astype(np.uint8), cv2.DIST_L2, 3).max()
    rows, columns = np.flatnonzero(hole.any(1)), np.flatnonzero(hole.any(0))
    pad = max(_LEAST_AROUND, round(_AROUND * max(np.ptp(rows), np.ptp(columns))))
    box = np.s_[
        max(0, rows[0] - pad) : rows[-1] + pad + 1, max(0, columns[0] - pad) : columns[-1] + pad + 1
    ]
    made_up = None
    if deep > _SHALLOW:
        made_up = exemplar_fill(picture[box], hole[box], avoid[box])
    if made_up is None:
        return inpaint(picture, hole, avoid)
    out = picture.copy()
    out[box] = made_up
    return out


def inpaint(picture: Picture, hole: Mask, avoid: Mask | None = None) -> Picture:
    """`picture` [H, W, 3] with `hole` [H, W] painted in from around it.

    `avoid` marks further pixels whose colours must not be used.
    """
    import cv2

    if not hole.any():
        return picture
    bad = hole if avoid is None else hole | avoid
    rows, columns = np.flatnonzero(bad.any(1)), np.flatnonzero(bad.any(0))
    pad = 24
    box = np.s_[
        max(0, rows[0] - pad) : rows[-1] + pad + 1, max(0, columns[0] - pad) : columns[-1] + pad + 1
    ]
    part, wrong = picture[box], bad[box]
    if wrong.all():
        return picture
    scale = min(1.0, float(_MOST_PAINTED / max(1, int(wrong.sum()))) ** 0.5)
    size = (max(4, round(part.shape[1] * scale)), max(4, round(part.shape[0] * scale)))
    if scale < 1:
        # Shrink known colours only: weights keep the hole's old content out of the average.
        known = (~wrong).astype(np.float32)
        weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
        colours = cv2.resize(
            part.astype(np.float32) * known[..., None], size, interpolation=cv2.INTER_AREA
        )
        small = np.where(weight[..., None] > 0.05, colours / np.maximum(weight, 0.05)[..., None], 0)
        painted = cv2.inpaint(
            small.astype(np.uint8), (weight <= 0.05).astype(np.uint8), 4, cv2.INPAINT_TELEA
        )
        painted = cv2.resize(painted, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_CUBIC)
    else:
        painted = cv2.inpaint(part, wrong.astype(np.uint8), 4, cv2.INPAINT_TELEA)
    out = picture.copy()
    out[box] = np.where(hole[box][..., None], painted, part)
    return out
