"""The edge of a shadow as a frame shows it, near where its way says that it is.

A model's outline is some pixels aside: lit ground that is brightened shines, and shadow that is
left stays as a dark line. Between ground that is surely lit and ground that surely is not, the
picture itself tells how much of the light each pixel lacks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import Picture

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

_BLACK = 8.0
"""Grey levels added before logarithms are taken: what is nearly black says little of its light."""
_RIM = 0.022
"""Share of the longer side by which a model's outline may be aside."""
_ABOUT = 0.03
"""Share of the longer side about a pixel within which lit ground says what it would be like."""
_GRAIN = 0.0025
"""Share of the longer side over which a pixel's own light is smoothed."""
_LIT, _CORE = 0.04, 0.9
"""Coverage by the model up to which ground is lit, and from which on it is in full shadow."""
_DARKER = 1.7
"""Times the shadow's own step down beyond which a place is dark by itself."""
_ALIKE = 0.5
"""How far the channels may lie apart in what they say."""
_OTHER = 2.0
"""How fast a shadow's place stops being the same as the coverage changes."""
_LEAST = 0.05
"""Share of the surroundings that has to be lit ground for it to say anything."""


def seen_coverage(
    picture: Picture, model: Floats, strength: tuple[float, float, float], free: Bools
) -> Floats:
    """How much of the shadow lies on each pixel [h, w], 0..1, of what `model` [h, w] expects.

    `strength` is the share of each channel's light that full shadow takes; `free` [h, w] says where
    the background is seen. Far from the model's outline, and where the picture does not tell, the
    model is believed.
    """
    import cv2

    side = max(model.shape)
    rim = 2 * max(1, round(_RIM * side)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (rim, rim))
    outer = cv2.dilate(model, kernel)
    lit = ((outer < _LIT) & free).astype(np.float32)
    if not lit.any() or not (outer > _LIT).any():
        return model
    logs = np.log(picture.astype(np.float32) + _BLACK)
    sigma = _ABOUT * side
    mass = cv2.GaussianBlur(lit, (0, 0), sigma)
    usual = cv2.GaussianBlur(logs * lit[..., None], (0, 0), sigma)
    usual = usual / np.maximum(mass, 1e-6)[..., None]
    step = -np.log(1 - np.array(strength, np.float32))
    smooth = cv2.GaussianBlur(logs, (0, 0), max(0.7, _GRAIN * side))
    shares = (usual - smooth) / step
    share = shares.mean(axis=2)
    tells = free & (mass > _LEAST) & (share < _DARKER)
    tells &= np.ptp(np.clip(shares, 0, 1), axis=2) < _ALIKE
    tells &= (outer > _LIT) & (cv2.erode(model, kernel) < _CORE)
    return np.asarray(np.where(tells, np.clip(share, 0, 1), model), np.float32)


def cast_alike(cast: Floats, model: Floats, seen: Floats) -> Floats:
    """The coverage [h, w] of the new shadow, put right where the model's old one (`model`) and new
    one (`cast`) are the same: there the picture shows (`seen`) what the new one is like, too."""
    same = 1 - np.minimum(1, _OTHER * np.abs(cast - model))
    return np.asarray(np.clip(cast + (seen - model) * same, 0, 1), np.float32)
