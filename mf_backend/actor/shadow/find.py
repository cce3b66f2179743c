"""Where a frame is darker than its background as a shadow of the actor would make it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import Picture

Mask = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

_FAINTEST, _FAINTEST_MOVING = 0.05, 0.09
"""Share of the light that a shadow takes at least; a moving camera's plate fits less well."""
_DARKEST = 0.92
_COLOUR, _COLOUR_SHARE = 0.07, 0.45
"""How far the channels' shares may lie apart: so much, and this part of their mean."""
_BLACK = 6.0
"""Grey levels added to both pictures: what is nearly black says little of its light."""
_NEAR = 0.05
"""Share of the picture's longer side within which a shadow begins beside its actor."""
_LEAST_AREA = 0.0003
_EDGE = 0.006
"""Share of the longer side by which a found shadow is widened: its edge is soft."""


@dataclass(frozen=True)
class Darkening:
    """How much less light a frame has than its background, away from the actor."""

    shares: Floats
    """[H, W, 3], 0 as light as the background, 1 black; 0 where unknown."""
    known: Bools
    """[H, W] where frame and plate both show the background."""
    noise: float
    """What the shares of an unshaded place come to by chance."""

    @property
    def mean(self) -> Floats:
        """[H, W] mean of the channels, at least 0."""
        return np.asarray(np.maximum(self.shares.mean(axis=2), 0), np.float32)


def darkening(frame: Picture, plate: Picture, known: Bools) -> Darkening:
    """Compare a frame [H, W, 3] with its plate where `known` [H, W]."""
    import cv2

    sigma = max(0.8, 0.002 * max(frame.shape[:2]))
    smooth = [
        cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.float32) + _BLACK
        for picture in (frame, plate)
    ]
    shares = 1 - smooth[0] / smooth[1]
    shares[~known] = 0
    inside = shares.mean(axis=2)[known]
    # Most of a picture is not in the shadow, so its lighter half tells of the noise alone.
    noise = float(-np.percentile(inside, 10)) if inside.size else 1.0
    return Darkening(np.asarray(shares, np.float32), known, max(0.0, noise))


def find_shadow(dark: Darkening, person: Mask, steady: bool, expected: Floats | None) -> Floats:
    """The actor's shadow as float32 [H, W] 0..1, with a soft edge.

    `person` is the actor's mask [H, W]; `expected` [H, W] says where a shadow is likely, as a
    darkness 0..1, once that is known.
    """
    import cv2

    side = max(person.shape)
    mean = dark.mean
    faintest = max(_FAINTEST if steady else _FAINTEST_MOVING, 2.0 * dark.noise)
    spread = dark.shares.max(axis=2) - dark.shares.min(axis=2)
    alike = spread < _COLOUR + _COLOUR_SHARE * mean
    found = (mean > faintest) & (mean < _DARKEST) & alike & dark.known
    if expected is not None:
        found |= (mean > 0.5 * faintest) & alike & dark.known & (expected > 0.5 * faintest)
    thin = 2 * max(1, round(0.003 * side)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thin, thin))
    wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * thin + 1, 2 * thin + 1))
    spots = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    spots = cv2.morphologyEx(spots, cv2.MORPH_CLOSE, wide)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(spots, connectivity=8)
    reach = 2 * max(2, round(_NEAR * side)) + 1
    begins = cv2.dilate((person >= 128).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    if expected is not None:
        begins |= expected > faintest
    own = np.zeros(count, np.bool_)
    own[np.unique(labels[begins])] = True
    own &= stats[:, cv2.CC_STAT_AREA] > _LEAST_AREA * person.size
    own[0] = False
    shadow = own[labels]
    edge = max(1.5, _EDGE * side)
    away = cv2.distanceTransform((~shadow).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(2 - away / edge, 0, 1), np.float32) if shadow.any() else mean * 0
