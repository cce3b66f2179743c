"""The shadow's way measured: which throw explains best where the clip is dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.shadow.model import NO_SHADOW, ShadowModel, Throw, contact_spot
from mf_backend.actor.shadow.search import FLOOR_THROWS, WALL_THROWS, best_throw

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

_COARSE_SIDE = 96
_SOFTNESS = (0.002, 0.004, 0.008, 0.014, 0.024, 0.04)
_EXPLAINED, _EXPLAINED_MORE = 0.14, 0.08
"""Share of all darkness that a throw has to explain to be cast, and that a second one has to."""
_FIRST_BLUR = 0.008
_MOST_THROWS = 2
_WEAKEST = 0.04
"""Share of the light below which a shadow is not cast."""


@dataclass(frozen=True)
class Sample:
    """One frame at the working size."""

    silhouette: Floats
    """[h, w] the actor, 0..1."""
    feet: float
    """Row on which he stands."""
    dark: Floats
    """[h, w, 3] share of the light that the shadow takes; 0 where there is none."""
    shown: Floats
    """[h, w] 1 where the shadow would be seen, 0 where the actor or the unknown is."""


def fit_shadow(samples: Sequence[Sample], steady: bool) -> ShadowModel:
    """The model that explains the samples' darkness; without throws where none does.

    By a `steady` camera only what changes over time counts: a shadow that never leaves a place is
    part of the background there, and says nothing.
    """
    rest = [sample.dark.mean(axis=2) for sample in samples]
    whole = _power(samples, rest, steady)
    throws: list[Throw] = []
    soft: list[float] = []
    if whole <= 0:
        return NO_SHADOW
    for number in range(_MOST_THROWS):
        throw = _best_throw(samples, rest, steady)
        sigma = max(_SOFTNESS, key=lambda s: _explained(throw, s, samples, rest, steady))
        gained = _explained(throw, sigma, samples, rest, steady)
        least = _EXPLAINED if not number else _EXPLAINED_MORE
        if gained * _power(samples, rest, steady) < least * whole:
            break
        throws.append(throw)
        soft.append(sigma)
        gains = _strengths(throws, soft, samples, steady)[0].mean(axis=1)
        rest = [
            sample.dark.mean(axis=2)
            - sum(g * p for g, p in zip(gains, _parts(throws, soft, sample), strict=True))
            for sample in samples
        ]
    strengths, contact = _strengths(throws, soft, samples, steady)
    kept = [k for k in range(len(throws)) if strengths[k].max() > _WEAKEST]
    return ShadowModel(
        tuple(throws[k] for k in kept),
        tuple(_three(strengths[k]) for k in kept),
        tuple(soft[k] for k in kept),
        _three(contact) if contact.max() > _WEAKEST else (0.0, 0.0, 0.0),
        _three(_deepest(samples)),
    )


def _centred(pictures: Floats, shown: Floats, steady: bool) -> Floats:
    """Pictures [n, h, w(, 3)] less their mean over the frames that show each pixel."""
    if not steady:
        return pictures
    weight = shown if pictures.ndim == 3 else shown[..., None]
    mean = (pictures * weight).sum(0) / np.maximum(weight.sum(0), 1e-3)
    return np.asarray(pictures - mean, np.float32)


def _power(samples: Sequence[Sample], rest: Sequence[Floats], steady: bool) -> float:
    """All that there is to explain."""
    shown = np.stack([s.shown for s in samples])
    return float((_centred(np.stack(rest), shown, steady) ** 2 * shown).sum())


def _deepest(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """The darkest that the samples get [3], but for the few darkest pixels."""
    dark = np.concatenate([s.dark[(s.shown > 0.5) & (s.dark.max(axis=2) > 0)] for s in samples])
    return np.asarray(np.percentile(dark, 95, axis=0) if len(dark) else np.zeros(3), np.float64)


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    a, b, c = (round(float(v), 4) for v in values)
    return a, b, c


def _best_throw(samples: Sequence[Sample], rest: Sequence[Floats], steady: bool) -> Throw:
    """The throw that explains most."""
    small, small_rest = _shrunk(samples, rest)
    return best_throw(
        (*FLOOR_THROWS, *WALL_THROWS),
        lambda throw: _explained(throw, _FIRST_BLUR, small, small_rest, steady),
        lambda throw: _explained(throw, _FIRST_BLUR, samples, rest, steady),
    )


def _explained(
    throw: Throw, soft: float, samples: Sequence[Sample], rest: Sequence[Floats], steady: bool
) -> float:
    """Share of the darkness `rest` that a throw explains, at the strength that suits it."""
    shown = np.stack([s.shown for s in samples])
    dark = _centred(np.stack(rest), shown, steady)
    part = np.stack([_parts([throw], [soft], s)[0] for s in samples])
    part = _centred(part, shown, steady)
    both = float((part * dark * shown).sum())
    own, all_dark = float((part**2 * shown).sum()), float((dark**2 * shown).sum())
    return both**2 / (own * all_dark) if own > 0 and all_dark > 0 and both > 0 else 0.0


def _parts(throws: Sequence[Throw], soft: Sequence[float], sample: Sample) -> list[Floats]:
    import cv2

    side = max(sample.silhouette.shape)
    return [
        np.asarray(
            cv2.GaussianBlur(
                throw.cast(sample.silhouette, sample.feet), (0, 0), max(0.5, s * side)
            ),
            np.float32,
        )
        for throw, s in zip(throws, soft, strict=True)
    ]


def _strengths(
    throws: Sequence[Throw], soft: Sequence[float], samples: Sequence[Sample], steady: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strength of each throw [throws, 3] and of the contact spot [3], by least squares, 0..0.95."""
    from scipy.optimize import nnls

    shown = np.stack([s.shown for s in samples])
    every = [[*_parts(throws, soft, s), contact_spot(s.silhouette, s.feet)] for s in samples]
    parts = [np.stack([of[k] for of in every]) for k in range(len(throws) + 1)]
    matters = (shown > 0.5) & (np.max(parts, axis=0).max(axis=0) > 0.02)
    left = np.stack([_centred(p, shown, steady)[matters] for p in parts], axis=1)
    right = _centred(np.stack([s.dark for s in samples]), shown, steady)[matters]
    found = np.zeros((len(throws) + 1, 3))
    if len(left) > 10:
        for channel in range(3):
            found[:, channel] = nnls(left.astype(np.float64), right[:, channel].astype(np.float64))[
                0
            ]
    found = np.clip(found, 0, 0.95)
    return found[:-1], found[-1]


def _shrunk(samples: Sequence[Sample], rest: Sequence[Floats]) -> tuple[list[Sample], list[Floats]]:
    """Half of the samples, at the coarse size."""
    import cv2

    some, some_rest = [], []
    for sample, dark in list(zip(samples, rest, strict=True))[:: 2 if len(samples) > 5 else 1]:
        scale = min(1.0, _COARSE_SIDE / max(dark.shape))
        size = (round(dark.shape[1] * scale), round(dark.shape[0] * scale))
        shape = (
            cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            for picture in (sample.silhouette, sample.dark, sample.shown, dark)
        )
        silhouette, darkness, shown, left = shape
        some.append(Sample(silhouette, (sample.feet + 0.5) * scale - 0.5, darkness, shown))
        some_rest.append(left)
    return some, some_rest


def always_dark(
    model: ShadowModel, frames: Iterable[tuple[Floats, float, Floats, Bools]]
) -> Floats:
    """Share of the light [H, W, 3] that a shadow takes from the background in every frame.

    `frames` of a steady camera: silhouette [H, W], row of the feet, shares that were found darker
    [H, W, 3] and where they are known. What the model expects and no frame shows is in the
    background already, or the model errs: either way it must not be cast twice.
    """
    total = mass = np.zeros(())
    for silhouette, feet, shares, known in frames:
        short = model.darkness(silhouette, feet) - shares
        total = total + short * known[..., None]
        mass = mass + known[..., None]
    return np.asarray(np.clip(total / np.maximum(mass, 1), 0, 0.9), np.float32)
