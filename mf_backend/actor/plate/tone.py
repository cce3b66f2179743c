"""The plate brought to the light of one frame: exposure over all of it, the rest about the hole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import Picture

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

_STRAY = 20.0
"""Difference between plate and frame beyond which it is a thing, and not the light."""
_UNSURE = 0.6
"""Grey levels of a shift that noise alone could make; followed, it would make the plate flicker."""
_COARSE = 4
_MOST_GAIN = 1.6
_FEWEST = 200


def exposure(plate: Picture, frame: Picture, free: Mask) -> Floats:
    """What the plate's channels [3] are multiplied by to have the frame's exposure.

    Measured where `free` [H, W] says that both show the background. 1 where too little does.
    """
    step = _COARSE
    p, f = plate[::step, ::step].reshape(-1, 3), frame[::step, ::step].reshape(-1, 3)
    usable = free[::step, ::step].ravel()
    usable = usable & (p.min(1) > 8) & (p.max(1) < 248) & (f.max(1) < 248)
    if usable.sum() < _FEWEST:
        return np.ones(3, np.float32)
    ratio = (f[usable].astype(np.float32) + 0.5) / (p[usable].astype(np.float32) + 0.5)
    gain = np.clip(np.median(ratio, axis=0), 1 / _MOST_GAIN, _MOST_GAIN)
    if np.abs(gain - 1).max() < 0.004:
        return np.ones(3, np.float32)
    return np.asarray(gain, np.float32)


def exposed(plate: Picture, gain: Floats) -> Picture:
    """The plate [H, W, 3] with its channels multiplied."""
    import cv2

    if (gain == 1).all():
        return plate
    table = np.clip(np.arange(256)[:, None] * gain, 0, 255).round().astype(np.uint8)
    return np.asarray(cv2.LUT(plate, np.ascontiguousarray(table[None])), np.uint8)


def match_tone(
    plate: Picture, frame: Picture, covered: Mask, person: Mask, reach: float
) -> Picture:
    """`plate` shifted so that it meets `frame` without a step around `covered`.

    The difference between the two outside `person` is spread smoothly into the covered pixels over
    about `reach` pixels: light that changes follows the frame. All [H, W, 3] uint8 and [H, W] bool.
    Only covered pixels are changed. Differences that are things, or noise, are not followed.
    """
    import cv2

    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    if not rows.size:
        return plate
    pad = int(2 * reach) + 4
    y0, y1 = max(0, rows[0] - pad), rows[-1] + pad + 1
    x0, x1 = max(0, columns[0] - pad), columns[-1] + pad + 1
    box = np.s_[y0:y1, x0:x1]
    known = (~(person | covered)[box]).astype(np.float32)
    if known.sum() < 20:
        return plate
    step = max(1, round(reach / 4))
    size = (max(2, known.shape[1] // step), max(2, known.shape[0] // step))
    difference = frame[box].astype(np.float32) - plate[box].astype(np.float32)
    usual = np.median(difference[known > 0], axis=0)
    known *= (np.abs(difference - usual).max(axis=2) < _STRAY).astype(np.float32)
    if known.sum() < 20:
        return plate
    weight = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    difference = cv2.resize(difference * known[..., None], size, interpolation=cv2.INTER_AREA)
    total = np.zeros((*weight.shape, 3), np.float32)
    mass = np.full(weight.shape, 1e-6, np.float32)
    # Near differences count most; wider ones reach where no nearer one does.
    for k, share in ((1.2, 1.0), (2.5, 0.1), (6.0, 0.004)):
        mass += share * cv2.GaussianBlur(weight, (0, 0), k)
        total += share * cv2.GaussianBlur(difference, (0, 0), k)
    shift = total / mass[..., None]
    shift = np.sign(shift) * np.maximum(np.abs(shift) - _UNSURE, 0)
    shift = cv2.resize(shift, (known.shape[1], known.shape[0]), interpolation=cv2.INTER_LINEAR)
    shifted = np.clip(plate[box].astype(np.float32) + shift, 0, 255)
    out = plate.copy()
    out[box] = np.where(covered[box][..., None], np.rint(shifted).astype(np.uint8), plate[box])
    return out
