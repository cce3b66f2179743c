"""The shadow's way told from its outline on single frames, where it hardly moves.

A shadow that stays in its place is part of the background: no frame is darker there than the plate.
It is seen all the same, as somebody in the picture sees it: along its outline the picture steps
down by the same share on the inner side, and the outline is that of the actor, thrown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.shadow.model import NO_SHADOW, ShadowModel, Throw
from mf_backend.actor.shadow.search import FLOOR_THROWS, best_throw, folded
from mf_backend.contracts.frames import Picture

Floats = NDArray[np.float32]

_BLACK = 8.0
"""Grey levels added before logarithms are taken: what is nearly black says little of its light."""
_GRAIN = 0.8
_STRONG = 0.15
"""Logarithm of light from pixel to pixel beyond which an edge is a thing's rather than a shadow's,
and counts the less."""
_FIRST_BLUR = 0.008
_SOFTNESS = (0.004, 0.008, 0.014, 0.024, 0.04)
_OUTLINE = 0.1
"""Squared slope of the thrown outline, as a share of the steepest, from which it is looked at."""
_AGREEING, _COVERED = 0.4, 0.65
"""Share of the usual step that a place has to show, and share of the outline that has to."""
_DARK, _LEAST_DARK = 0.16, 0.1
"""Share of the light that the shadow takes at least, as a mean and of each channel."""
_FARTHEST = 1.5
"""How much a shadow may widen with the height that throws it: beyond, edges of other things were
strung together."""
_FEWEST = 400
"""Pixels of outline over all samples that a shadow is told by."""
_BANDS, _FEWEST_IN_BAND, _COVERED_IN_BAND, _MISSED = 12, 24, 0.4, 3
"""Bands of the actor's height that are looked at one by one, pixels that tell of one, the share of
them that has to agree, and the bands without agreement from which on nothing is known."""


@dataclass(frozen=True)
class Outlined:
    """One frame at the working size."""

    silhouette: Floats
    """[h, w] the actor, 0..1."""
    feet: float
    """Row on which he stands."""
    slopes: Floats
    """[3, 2, h, w] of the logarithm of each channel's light, across and down; 0 where hidden."""
    shown: Floats
    """[h, w] 1 where the background is seen."""


def outlined(picture: Picture, silhouette: Floats, feet: float, shown: Floats) -> Outlined:
    """A frame [h, w, 3] made ready; `shown` [h, w] is 0 where the actor hides the background."""
    import cv2

    light = np.log(picture.astype(np.float32) + _BLACK)
    light = cv2.GaussianBlur(light, (0, 0), _GRAIN)
    # Beside what is hidden the light still changes to the actor's.
    seen = cv2.erode((shown > 0.98).astype(np.float32), np.ones((3, 3), np.uint8))
    slopes = np.stack([_slopes(light[..., channel]) for channel in range(3)]) * seen
    return Outlined(silhouette, feet, np.asarray(slopes, np.float32), np.asarray(seen, np.float32))


def fit_outline(samples: Sequence[Outlined]) -> ShadowModel:
    """The floor shadow whose outline the samples show; without throws where they show none."""
    if not samples:
        return NO_SHADOW
    seen = [_Seen(sample) for sample in samples]
    small = [_Seen(_halved(sample)) for sample in (samples[::2] if len(samples) > 5 else samples)]
    throw = best_throw(
        FLOOR_THROWS,
        lambda throw: _agreement(throw, _FIRST_BLUR, small),
        lambda throw: _agreement(throw, _FIRST_BLUR, seen),
    )
    throw = folded(throw, lambda throw: _agreement(throw, _FIRST_BLUR, seen))
    if abs(throw.farther) > _FARTHEST:
        return NO_SHADOW
    soft = max(_SOFTNESS, key=lambda s: _agreement(throw, s, seen))
    steps, heights = _steps(throw, soft, seen)
    if len(heights) < _FEWEST:
        return NO_SHADOW
    usual = np.median(steps, axis=1)
    agrees = steps.mean(axis=0) > _AGREEING * usual.mean()
    reach = _reach(agrees, heights)
    near = heights <= reach
    if near.sum() < _FEWEST or agrees[near].mean() < _COVERED:
        return NO_SHADOW
    dark = 1 - np.exp(-np.median(steps[:, near], axis=1))
    if dark.mean() < _DARK or dark.min() < _LEAST_DARK:
        return NO_SHADOW
    a, b, c = (round(float(min(share, 0.95)), 4) for share in dark)
    none = (0.0, 0.0, 0.0)
    return ShadowModel((throw,), ((a, b, c),), (soft,), none, (a, b, c), round(reach, 4))


def _reach(agrees: NDArray[np.bool_], heights: Floats) -> float:
    """Height up to which the outline is there: above, the floor has ended, or nothing was seen."""
    edges = np.linspace(0, float(heights.max()) + 1e-4, _BANDS + 1)
    reach, missed = 0.0, 0
    for low, high in pairwise(edges):
        band = agrees[(heights >= low) & (heights < high)]
        if len(band) < _FEWEST_IN_BAND:
            continue
        missed = 0 if band.mean() >= _COVERED_IN_BAND else missed + 1
        if missed == _MISSED:
            break
        if not missed:
            reach = float(high)
    return reach


class _Seen:
    """A sample with its slopes weakened where they are too strong for a shadow's."""

    def __init__(self, sample: Outlined) -> None:
        self.sample = sample
        slope = sample.slopes.mean(axis=0)
        self.weak = slope / (1 + (slope**2).sum(axis=0) / _STRONG**2)

    def edge(self, throw: Throw, soft: float) -> Floats:
        """Slopes [2, h, w] of the thrown shadow where the background is seen."""
        import cv2

        sample = self.sample
        blur = max(1.0, soft * max(sample.silhouette.shape))
        fallen = cv2.GaussianBlur(throw.cast(sample.silhouette, sample.feet), (0, 0), blur)
        return np.asarray(_slopes(fallen) * sample.shown, np.float32)


def _slopes(values: Floats) -> Floats:
    """How values [h, w] change from pixel to pixel, across and down [2, h, w]."""
    import cv2

    return np.stack(
        [cv2.Sobel(values, cv2.CV_32F, *axis, ksize=3, scale=1 / 8) for axis in ((1, 0), (0, 1))]
    )


def _halved(sample: Outlined) -> Outlined:
    """A sample at half the size."""
    import cv2

    height, width = sample.silhouette.shape
    size = (max(2, width // 2), max(2, height // 2))

    def small(values: Floats) -> Floats:
        return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)

    slopes = np.stack([[small(axis) * 2 for axis in channel] for channel in sample.slopes])
    feet = (sample.feet + 0.5) * size[1] / height - 0.5
    shown = (small(sample.shown) > 0.99).astype(np.float32)
    return Outlined(small(sample.silhouette), feet, np.asarray(slopes, np.float32), shown)


def _agreement(throw: Throw, soft: float, seen: Sequence[_Seen]) -> float:
    """How well pictures step down along a thrown outline."""
    both = own = 0.0
    for one in seen:
        edge = one.edge(throw, soft)
        both -= float((one.weak * edge).sum())
        own += float((edge**2).sum())
    return both / own**0.5 if both > 0 and own > 1e-3 * len(seen) else 0.0


def _steps(throw: Throw, soft: float, seen: Sequence[_Seen]) -> tuple[Floats, Floats]:
    """The step down of each channel's logarithm [3, pixels] along a thrown outline, and the height
    above the feet [pixels] of what casts it there, as a share of the longer side."""
    steps, heights = [np.zeros((3, 0), np.float32)], [np.zeros(0, np.float32)]
    for one in seen:
        edge = one.edge(throw, soft)
        weight = (edge**2).sum(axis=0)
        along = (weight > _OUTLINE * weight.max()) & (weight > 0)
        step = -(one.sample.slopes * edge).sum(axis=1)[:, along] / weight[along]
        steps.append(np.asarray(step, np.float32))
        sample = one.sample
        points = np.argwhere(along)[:, ::-1].astype(np.float64)
        height = throw.heights(points, sample.silhouette.shape, sample.feet)
        heights.append(np.asarray(height, np.float32))
    return np.concatenate(steps, axis=1), np.concatenate(heights)
