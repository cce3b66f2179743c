"""Outlines and numbers of the people in a picture, for drawing over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..actor.people import Person
from .skeleton_lines import Floats, Rectangle, onto

_COLOURS = (
    (0.35, 0.75, 1.0, 1.0),
    (1.0, 0.6, 0.2, 1.0),
    (0.8, 0.5, 1.0, 1.0),
    (1.0, 0.85, 0.3, 1.0),
    (0.3, 0.9, 0.75, 1.0),
    (1.0, 0.5, 0.65, 1.0),
)
"""R G B A by number, again from the first after the last."""
_EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])


@dataclass(frozen=True)
class Label:
    """A word at a place of the region, in its pixels."""

    text: str
    left: float
    bottom: float
    colour: tuple[float, float, float, float]


@dataclass(frozen=True)
class Outlines:
    """Boxes as lines, float32 [N, 3] with colours float32 [N, 4], and what stands over each."""

    lines: Floats
    colours: Floats
    labels: tuple[Label, ...]


def people_outlines(
    people: Sequence[Person], followed: Person | None, size: tuple[int, int], place: Rectangle
) -> Outlines:
    """Boxes of people who are seen in a picture of `size` that is shown at `place`."""
    lines, colours, labels = [], [], []
    for person in people:
        x0, y0, x1, y1 = person.box
        # A pixel's centre is at a whole number.
        corners = onto(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), size, place)
        corners[:, 0] = np.clip(corners[:, 0], place.left, place.right)
        corners[:, 1] = np.clip(corners[:, 1], place.bottom, place.top)
        colour = _COLOURS[(person.number - 1) % len(_COLOURS)]
        lines.append(corners[_EDGES].reshape(-1, 2))
        colours.append(np.tile(np.array(colour, np.float32), (2 * len(_EDGES), 1)))
        text = f"{person.number} actor" if person is followed else str(person.number)
        labels.append(Label(text, float(corners[0, 0]), float(corners[0, 1]), colour))
    flat = np.zeros((2 * len(_EDGES) * len(people), 3), np.float32)
    if people:
        flat[:, :2] = np.concatenate(lines)
    tinted = np.concatenate(colours) if people else np.empty((0, 4), np.float32)
    return Outlines(flat, tinted, tuple(labels))
