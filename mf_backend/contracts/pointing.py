"""How somebody says who of the people in a clip is meant: points or a box on its frames.

Standard library only, like request.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.rules import Number
from mf_backend.contracts.errors import InputError

Click = tuple[float, float, float]
"""Frame of the whole clip, counted from 0, then x and y in its pixels."""

_PIXEL = Number(-1_000_000, 1_000_000)
_FRAME = Number(0, 10_000_000)
_PERSON = "empty, [frame, x, y] or [frame, x0, y0, x1, y1], the frame a whole number from 0"
_MOST_CLICKS = 1000


@dataclass(frozen=True)
class PersonRule:
    """Where the person to follow is: nothing, or a frame used and a point or a box on it."""

    words: str = _PERSON

    def read(self, value: Any, field: Field) -> tuple[float, ...]:
        """See Rule."""
        if not isinstance(value, list | tuple) or len(value) not in (0, 3, 5):
            raise field.refuse(self.words, value)
        numbers = tuple(_PIXEL.read(item, field.part(i)) for i, item in enumerate(value))
        if numbers and (numbers[0] < 0 or numbers[0] != math.floor(numbers[0])):
            raise field.refuse(self.words, value)
        return numbers

    def parse(self, text: str, field: Field) -> tuple[float, ...]:
        """Numbers with commas between them."""
        try:
            return self.read([float(part) for part in text.split(",")], field)
        except (ValueError, InputError):
            raise field.refuse("F,X,Y or F,X0,Y0,X1,Y1 with a whole frame number F", text) from None


@dataclass(frozen=True)
class ClicksRule:
    """Points on frames of the whole clip, one a frame; read in the order of the frames."""

    words: str = (
        "a list of [frame, x, y], the frame a whole number from 0 over the whole clip, no frame "
        "twice"
    )

    def read(self, value: Any, field: Field) -> tuple[Click, ...]:
        """See Rule."""
        if not isinstance(value, list | tuple) or len(value) > _MOST_CLICKS:
            raise field.refuse(self.words, value)
        clicks = sorted(self._click(item, field.part(i)) for i, item in enumerate(value))
        if len({frame for frame, _, _ in clicks}) < len(clicks):
            raise field.refuse(self.words, value)
        return tuple(clicks)

    def parse(self, text: str, field: Field) -> tuple[Click, ...]:
        """One click: numbers with commas between them."""
        try:
            return (self._click([float(part) for part in text.split(",")], field),)
        except (ValueError, InputError):
            raise field.refuse("F,X,Y with a whole frame number F from 0", text) from None

    def _click(self, value: Any, field: Field) -> Click:
        if not isinstance(value, list | tuple) or len(value) != 3:
            raise field.refuse(self.words, value)
        frame = _FRAME.read(value[0], field)
        if frame != math.floor(frame):
            raise field.refuse(self.words, value)
        return (frame, _PIXEL.read(value[1], field), _PIXEL.read(value[2], field))


def in_clip(person: Sequence[float], clicks: Sequence[Click], first: int) -> tuple[float, ...]:
    """Who is meant, by frames of the whole clip: () for the largest, (frame, x, y), a box
    (frame, x0, y0, x1, y1), or the numbers of several points one after the other.

    `first` is the frame of the clip that `person` counts as 0.
    """
    if clicks:
        return tuple(number for click in clicks for number in click)
    return (person[0] + first, *person[1:]) if person else ()


def points_of(person: Sequence[float]) -> tuple[Click, ...]:
    """The points that `in_clip` put one after the other; () where there is a box or nothing."""
    if len(person) % 3:
        return ()
    numbers = iter(person)
    return tuple(zip(numbers, numbers, numbers, strict=True))
