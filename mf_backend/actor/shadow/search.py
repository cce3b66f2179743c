"""Searching for the throw that suits a clip best, by whatever says how well one does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import product

from mf_backend.actor.shadow.model import Onto, Throw

Score = Callable[[Throw], float]

_ALONG = (-4.0, -2.8, -2.0, -1.4, -1.0, -0.6, -0.3, 0.0, 0.3, 0.6, 1.0, 1.4, 2.0, 2.8, 4.0)
_DOWN = (-0.9, -0.6, -0.4, -0.25, -0.12, -0.05, 0.05, 0.12, 0.25, 0.4, 0.6, 0.9, 1.4)
_FARTHER = (-0.6, 0.0, 0.6)
_WALL_MOVES = (-0.3, -0.2, -0.13, -0.08, -0.04, 0.0, 0.04, 0.08, 0.13, 0.2, 0.3)
_WALL_SIZES = (-0.1, 0.0, 0.15, 0.35)
_BEST = 6
"""Coarse finds that are improved."""
_FINEST = 2
"""Improved ones that are improved at the full working size."""
_FOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55)
_FOLDED = 1.06
"""How much better than a floor without end a floor and a wall have to be."""

FLOOR_THROWS = tuple(Throw(Onto.FLOOR, *values) for values in product(_ALONG, _DOWN, _FARTHER))
WALL_THROWS = tuple(
    Throw(Onto.WALL, *values)
    for values in product(_WALL_MOVES, _WALL_MOVES, _WALL_SIZES)
    # A wall's shadow that lies on its actor cannot be told from him.
    if abs(values[0]) + abs(values[1]) > 0.03
)


def best_throw(tried: Sequence[Throw], coarse: Score, fine: Score) -> Throw:
    """The throw that scores most, by a coarse search over all of `tried` and a fine one about the
    best. `coarse` is quick, `fine` exact."""
    ranked = sorted(tried, key=lambda throw: -coarse(throw))
    best = [_improved(throw, coarse, 3) for throw in _different(ranked)]
    best.sort(key=lambda throw: -coarse(throw))
    return max((_improved(throw, fine, 4, 0.35) for throw in best[:_FINEST]), key=fine)


def folded(throw: Throw, score: Score) -> Throw:
    """A floor's `throw` with the wall at which the floor ends, where there is plainly one."""
    plain = score(throw)
    best = max((replace(throw, fold=fold) for fold in _FOLDS), key=score)
    if score(best) <= plain:
        return throw
    best = _improved(best, score, 4, 0.7)
    return best if score(best) > _FOLDED * plain else throw


def _different(ranked: Iterable[Throw]) -> list[Throw]:
    """The first few that are not all of one kind and place."""
    kept: list[Throw] = []
    for throw in ranked:
        if all((k.onto, k.along, k.down) != (throw.onto, throw.along, throw.down) for k in kept):
            kept.append(throw)
        if len(kept) == _BEST:
            break
    return kept


def _improved(throw: Throw, score: Score, rounds: int, start: float = 1.0) -> Throw:
    """Steps along one number after another while they score more."""
    wall = throw.onto is Onto.WALL
    steps = (
        {"along": 0.03, "down": 0.03, "farther": 0.06}
        if wall
        else {"along": 0.3, "down": 0.1, "farther": 0.4, "drop": 0.012}
    )
    if throw.fold:
        steps["fold"] = 0.03
    best = score(throw)
    for turn in range(rounds):
        for name, step in steps.items():
            for sign in (1, -1):
                for _ in range(3):
                    value = getattr(throw, name) + sign * step * start * 0.5**turn
                    other = replace(throw, **{name: value})
                    if (found := score(other)) <= best:
                        break
                    throw, best = other, found
    return throw
