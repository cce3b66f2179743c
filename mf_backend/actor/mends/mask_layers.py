"""Masks that a person drew or painted over the clip, and what each is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class MaskRole(StrEnum):
    """What becomes of the pixels that a layer covers."""

    ADD = "add"
    """They are the actor's."""
    CUT = "cut"
    """They are not the actor's."""
    FRONT = "front"
    """They are in front of the actor, wherever he goes: they stay as they were filmed."""
    RIGHT_HAND = "right-hand"
    """They are a thing in the actor's right hand, and move with it."""
    LEFT_HAND = "left-hand"
    """The same of the left hand."""


@dataclass(frozen=True)
class Stretch:
    """Frames in a row on which a layer looks the same."""

    first: int
    last: int
    """Both included, counted from 0 over the whole clip."""
    sha256: str
    """Of the picture's file, which is named so; 255 where the layer covers a pixel wholly."""

    @property
    def frames(self) -> range:
        """All of them."""
        return range(self.first, self.last + 1)


@dataclass(frozen=True)
class MaskLayer:
    """One layer. Of two that cover a pixel, the later one in the list counts."""

    id: str
    """Its name among files and commands."""
    name: str
    """What people call it; of one name and role there is one."""
    role: MaskRole
    size: tuple[int, int]
    """(width, height) of its pictures: the clip's."""
    stretches: tuple[Stretch, ...]
    """Ascending, without a frame in common. On other frames the layer is nowhere."""

    def picture(self, frame: int) -> str | None:
        """Hash of its picture of a frame of the clip; None where it is nowhere."""
        for stretch in self.stretches:
            if frame in stretch.frames:
                return stretch.sha256
        return None

    def frames(self) -> Iterator[int]:
        """The frames of the clip on which it is something, ascending."""
        for stretch in self.stretches:
            yield from stretch.frames


def with_layer(before: Iterable[MaskLayer], new: MaskLayer) -> tuple[MaskLayer, ...]:
    """The list with one more at its end, in place of the one of the same name and role."""
    kept = [one for one in before if (one.name, one.role) != (new.name, new.role)]
    return (*kept, new)


def stretches(pictures: Iterable[tuple[int, str]]) -> tuple[Stretch, ...]:
    """Rows of equal pictures, from (frame, hash) pairs in ascending order of frames."""
    rows: list[Stretch] = []
    for frame, sha256 in pictures:
        if rows and rows[-1].last == frame - 1 and rows[-1].sha256 == sha256:
            rows[-1] = Stretch(rows[-1].first, frame, sha256)
        else:
            rows.append(Stretch(frame, frame, sha256))
    return tuple(rows)
