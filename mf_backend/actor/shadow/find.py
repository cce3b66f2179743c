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
_LEAST_AREA = 0.0002
_LINK = 0.008
"""Gap between two parts of one shadow, as a share of the longer side."""
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


def shadow_like(dark: Darkening, steady: bool) -> Floats:
    """The shares [H, W, 3] that may be a shadow's: dark enough, and of the light's own colour."""
    return np.asarray(np.clip(dark.shares, 0, 1) * _like(dark, steady, 1.0)[..., None], np.float32)


def _faintest(dark: Darkening, steady: bool) -> float:
    return max(_FAINTEST if steady else _FAINTEST_MOVING, 2.0 * dark.noise)


def _like(dark: Darkening, steady: bool, share: float) -> Bools:
    """Where [H, W] a shadow may be that takes at least `share` of what the faintest one takes."""
    mean = dark.mean
    spread = dark.shares.max(axis=2) - dark.shares.min(axis=2)
    alike = spread < _COLOUR + _COLOUR_SHARE * mean
    enough = (mean > share * _faintest(dark, steady)) & (mean < _DARKEST)
    return np.asarray(enough & alike & dark.known, np.bool_)


def find_shadow(dark: Darkening, person: Mask, steady: bool, expected: Floats | None) -> Floats:
    """The actor's shadow as float32 [H, W] 0..1, with a soft edge.

    `person` is the actor's mask [H, W]; `expected` [H, W] says where a shadow is likely, as a
    darkness 0..1, once that is known.
    """
    import cv2

    side = max(person.shape)
    faintest = _faintest(dark, steady)
    found = _like(dark, steady, 1.0)
    if expected is not None:
        found |= _like(dark, steady, 0.5) & (expected > 0.5 * faintest)
    spots = found.astype(np.uint8)
    if not steady:
        # Edges that do not quite meet the plate are thin.
        spots = cv2.morphologyEx(spots, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    # Parts of one shadow are told from each other by what it falls on: small gaps do not part it.
    link = 2 * max(1, round(_LINK * side)) + 1
    linked = cv2.dilate(spots, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (link, link)))
    count, labels = cv2.connectedComponents(linked, connectivity=8)
    labels = np.where(spots > 0, labels, 0)
    reach = 2 * max(2, round(_NEAR * side)) + 1
    begins = cv2.dilate((person >= 128).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    if expected is not None:
        begins |= expected > faintest
    areas = np.bincount(labels.ravel(), minlength=count)
    own = areas > _LEAST_AREA * person.size
    touched = np.zeros(count, np.bool_)
    touched[np.unique(labels[begins])] = True
    own &= touched
    own[0] = False
    shadow = own[labels]
    edge = max(1.5, _EDGE * side)
    away = cv2.distanceTransform((~shadow).astype(np.uint8), cv2.DIST_L2, 5)
    if not shadow.any():
        return np.zeros(person.shape, np.float32)
    return np.asarray(np.clip(2 - away / edge, 0, 1), np.float32)
