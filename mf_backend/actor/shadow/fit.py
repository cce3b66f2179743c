"""The shadow's way measured: which throw explains best where the clip is dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.shadow.model import Onto, ShadowModel, Throw, contact_spot

Floats = NDArray[np.float32]

_COARSE_SIDE = 96
_ALONG = (-4.0, -2.8, -2.0, -1.4, -1.0, -0.6, -0.3, 0.0, 0.3, 0.6, 1.0, 1.4, 2.0, 2.8, 4.0)
_DOWN = (-0.9, -0.6, -0.4, -0.25, -0.12, -0.05, 0.05, 0.12, 0.25, 0.4, 0.6, 0.9, 1.4)
_FARTHER = (-0.6, 0.0, 0.6)
_WALL_MOVES = (-0.3, -0.2, -0.13, -0.08, -0.04, 0.0, 0.04, 0.08, 0.13, 0.2, 0.3)
_WALL_SIZES = (-0.1, 0.0, 0.15, 0.35)
_BEST = 6
"""Coarse finds that are improved at full working size."""
_SOFTNESS = (0.002, 0.004, 0.008, 0.014, 0.024, 0.04)
_EXPLAINED, _EXPLAINED_MORE = 0.35, 0.12
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


def fit_shadow(samples: Sequence[Sample]) -> ShadowModel:
    """The model that explains the samples' darkness; empty where none does."""
    rest = [sample.dark.mean(axis=2) for sample in samples]
    whole = sum(float((d**2 * s.shown).sum()) for d, s in zip(rest, samples, strict=True))
    throws: list[Throw] = []
    soft: list[float] = []
    if whole <= 0:
        return ShadowModel((), (), (), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    for number in range(_MOST_THROWS):
        throw = _best_throw(samples, rest)
        sigma = max(_SOFTNESS, key=lambda s: _explained([throw], [s], samples, rest))
        gained = _explained([throw], [sigma], samples, rest)
        left = sum(float((d**2 * s.shown).sum()) for d, s in zip(rest, samples, strict=True))
        if gained * left < (_EXPLAINED if not number else _EXPLAINED_MORE) * whole:
            break
        throws.append(throw)
        soft.append(sigma)
        gains = _strengths(throws, soft, samples)[0].mean(axis=1)
        rest = [
            np.maximum(
                0, s.dark.mean(axis=2) - sum(g * p for g, p in zip(gains, parts, strict=False))
            )
            for s, parts in ((s, _parts(throws, soft, s)) for s in samples)
        ]
    strengths, contact = _strengths(throws, soft, samples)
    kept = [k for k in range(len(throws)) if strengths[k].max() > _WEAKEST]
    return ShadowModel(
        tuple(throws[k] for k in kept),
        tuple(_three(strengths[k]) for k in kept),
        tuple(soft[k] for k in kept),
        _three(contact) if contact.max() > _WEAKEST else (0.0, 0.0, 0.0),
        _three(_deepest(samples)),
    )


def _deepest(samples: Sequence[Sample]) -> NDArray[np.float64]:
    """The darkest that the samples get [3], but for the few darkest pixels."""
    dark = np.concatenate([s.dark[(s.shown > 0.5) & (s.dark.max(axis=2) > 0)] for s in samples])
    return np.asarray(np.percentile(dark, 95, axis=0) if len(dark) else np.zeros(3), np.float64)


def _three(values: NDArray[np.float64]) -> tuple[float, float, float]:
    a, b, c = (round(float(v), 4) for v in values)
    return a, b, c


def _best_throw(samples: Sequence[Sample], rest: Sequence[Floats]) -> Throw:
    """The throw that explains most, by a coarse search over all and a fine one about the best."""
    small, small_rest = _shrunk(samples, rest)
    tried = [Throw(Onto.FLOOR, *values) for values in product(_ALONG, _DOWN, _FARTHER)] + [
        Throw(Onto.WALL, *values)
        for values in product(_WALL_MOVES, _WALL_MOVES, _WALL_SIZES)
        # A wall's shadow that lies on its actor cannot be told from him.
        if abs(values[0]) + abs(values[1]) > 0.03
    ]
    ranked = sorted(tried, key=lambda t: -_score(t, small, small_rest))
    best = [_improved(throw, small, small_rest, 3) for throw in _different(ranked)]
    best.sort(key=lambda t: -_score(t, small, small_rest))
    return max(
        (_improved(throw, samples, rest, 4, 0.35) for throw in best[:2]),
        key=lambda t: _score(t, samples, rest),
    )


def _different(ranked: Iterable[Throw]) -> list[Throw]:
    """The first few that are not all of one kind and place."""
    kept: list[Throw] = []
    for throw in ranked:
        if all((k.onto, k.along, k.down) != (throw.onto, throw.along, throw.down) for k in kept):
            kept.append(throw)
        if len(kept) == _BEST:
            break
    return kept


def _improved(
    throw: Throw, samples: Sequence[Sample], rest: Sequence[Floats], rounds: int, start: float = 1.0
) -> Throw:
    """Steps along one number after another while they explain more."""
    wall = throw.onto is Onto.WALL
    steps = (
        {"along": 0.03, "down": 0.03, "farther": 0.06}
        if wall
        else {"along": 0.3, "down": 0.1, "farther": 0.4, "drop": 0.012}
    )
    score = _score(throw, samples, rest)
    for turn in range(rounds):
        for name, step in steps.items():
            for sign in (1, -1):
                for _ in range(3):
                    value = getattr(throw, name) + sign * step * start * 0.5**turn
                    other = replace(throw, **{name: value})
                    if (found := _score(other, samples, rest)) <= score:
                        break
                    throw, score = other, found
    return throw


def _score(throw: Throw, samples: Sequence[Sample], rest: Sequence[Floats]) -> float:
    return _explained([throw], [_FIRST_BLUR], samples, rest)


def _explained(
    throws: Sequence[Throw],
    soft: Sequence[float],
    samples: Sequence[Sample],
    rest: Sequence[Floats],
) -> float:
    """Share of the darkness `rest` that the first throw explains, at the strength that suits it."""
    both = own = all_dark = 0.0
    for sample, dark in zip(samples, rest, strict=True):
        part = _parts(throws, soft, sample)[0] * sample.shown
        both += float((part * dark).sum())
        own += float((part**2).sum())
        all_dark += float((dark**2 * sample.shown).sum())
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
    throws: Sequence[Throw], soft: Sequence[float], samples: Sequence[Sample]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strength of each throw [throws, 3] and of the contact spot [3], by least squares, 0..0.95."""
    rows, wanted = [], []
    for sample in samples:
        parts = [*_parts(throws, soft, sample), contact_spot(sample.silhouette, sample.feet)]
        matters = (sample.shown > 0.5) & (np.max(parts, axis=0) > 0.02)
        rows.append(np.stack([part[matters] for part in parts], axis=1))
        wanted.append(sample.dark[matters])
    left, right = np.concatenate(rows).astype(np.float64), np.concatenate(wanted)
    from scipy.optimize import nnls

    found = np.zeros((len(throws) + 1, 3))
    if len(left) > 10:
        for channel in range(3):
            found[:, channel] = nnls(left, right[:, channel].astype(np.float64))[0]
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
