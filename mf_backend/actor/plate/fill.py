"""Pixels that no frame saw, and making recovered pixels match the frame around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_MOST_PAINTED = 9000
"""Pixels that are inpainted at full size; bigger holes are painted smaller, they are smooth."""


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


def match_tone(
    plate: Picture, frame: Picture, covered: Mask, person: Mask, reach: float
) -> Picture:
    """`plate` shifted so that it meets `frame` without a step around `covered`.

    The difference between the two outside `person` is spread smoothly into the covered pixels over
    about `reach` pixels: light that changes, shadows and exposure follow the frame. All [H, W, 3]
    uint8 and [H, W] bool. Only covered pixels are changed.
    """
    import cv2

    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    if not rows.size:
        return plate
    pad = int(reach) + 4
    y0, y1 = max(0, rows[0] - pad), rows[-1] + pad + 1
    x0, x1 = max(0, columns[0] - pad), columns[-1] + pad + 1
    box = np.s_[y0:y1, x0:x1]
    known = (~(person | covered)[box]).astype(np.float32)
    if known.sum() < 20:
        return plate
    step = max(1, round(reach / 4))
    size = (max(2, known.shape[1] // step), max(2, known.shape[0] // step))
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    difference = frame[box].astype(np.float32) - plate[box].astype(np.float32)
    difference = cv2.resize(difference * known[..., None], size, interpolation=cv2.INTER_AREA)
    total = np.zeros((*weight.shape, 3), np.float32)
    mass = np.full(weight.shape, 1e-6, np.float32)
    # Near differences count most; wider ones reach where no nearer one does.
    for k, share in ((0.7, 1.0), (1.8, 0.05), (5.0, 0.002)):
        mass += share * cv2.GaussianBlur(weight, (0, 0), k)
        total += share * cv2.GaussianBlur(difference, (0, 0), k)
    shift = total / mass[..., None]
    shift = cv2.resize(shift, (known.shape[1], known.shape[0]), interpolation=cv2.INTER_LINEAR)
    shifted = np.clip(plate[box].astype(np.float32) + shift, 0, 255)
    out = plate.copy()
    out[box] = np.where(covered[box][..., None], np.rint(shifted).astype(np.uint8), plate[box])
    return out
