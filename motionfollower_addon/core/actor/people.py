"""The people who were seen in a clip: which of them are on a frame, and who is at a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..backend.state import ClipFacts

_TRUNK = (2, 5, 8, 11)
"""Shoulders and hips."""
_MARGIN = 0.1
"""Around the joints of a person, in parts of their height: head and feet reach out."""


@dataclass(frozen=True)
class Person:
    """One person on one frame of the clip, in its pixels."""

    number: int
    """Counted from 1, from left to right."""
    body: NDArray[np.float64]
    """[18, 2], NaN absent."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1."""
    middle: tuple[float, float]
    """Of the trunk."""


@dataclass(frozen=True)
class SeenPeople:
    """Everybody who was seen in a clip, on all frames of it that were analysed for anyone."""

    facts: ClipFacts
    bodies: dict[int, NDArray[np.float32]]
    """By frame of the clip, [people, 18, 2] pixels, NaN absent."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the clip in pixels."""
        return (self.facts.width, self.facts.height)

    def on(self, frame: int) -> tuple[Person, ...] | None:
        """Those on a frame of the clip; None where nobody looked."""
        bodies = self.bodies.get(frame)
        return None if bodies is None else people_of(bodies)


def people_of(bodies: NDArray[np.float32]) -> tuple[Person, ...]:
    """The people whose body joints these are [people, 18, 2], from left to right."""
    known = [body.astype(np.float64) for body in bodies if np.isfinite(body).all(axis=-1).any()]
    known.sort(key=lambda body: _middle(body))
    return tuple(
        Person(number, body, _box(body), _middle(body)) for number, body in enumerate(known, 1)
    )


def person_at(people: Sequence[Person], x: float, y: float) -> Person | None:
    """Whose box a point is in, of several the one whose middle is nearest; None: nobody's."""
    inside = [
        person
        for person in people
        if person.box[0] <= x <= person.box[2] and person.box[1] <= y <= person.box[3]
    ]
    return min(inside, key=lambda p: np.hypot(p.middle[0] - x, p.middle[1] - y), default=None)


def nearest(people: Sequence[Person], body: NDArray[np.floating[Any]]) -> Person | None:
    """The person who has these body joints [18, 2]; None where there are no joints."""
    if not people or not np.isfinite(body).all(axis=-1).any():
        return None
    own = np.array(_middle(body.astype(np.float64)))
    return min(people, key=lambda person: float(np.hypot(*(np.array(person.middle) - own))))


def _box(body: NDArray[np.float64]) -> tuple[float, float, float, float]:
    low, high = np.nanmin(body, axis=0), np.nanmax(body, axis=0)
    around = _MARGIN * max(float((high - low).max()), 1.0)
    (x0, y0), (x1, y1) = (low - around).tolist(), (high + around).tolist()
    return x0, y0, x1, y1


def _middle(body: NDArray[np.float64]) -> tuple[float, float]:
    trunk = body[list(_TRUNK)]
    known = trunk if np.isfinite(trunk).all(axis=-1).any() else body
    x, y = np.nanmean(known, axis=0)
    return float(x), float(y)
