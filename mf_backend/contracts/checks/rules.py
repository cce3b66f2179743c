"""Rules for single values: what they may be, in words and in code.

A rule's `read` takes a JSON value and `parse` what stands behind an option on a command line; both
give the value to use or raise FieldError.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from mf_backend.contracts.checks.fields import Field

SEED_LIMIT = 2**64 - 1
"""Largest seed: generators take 64 bits."""
_HARMFUL = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, lone surrogates, and what ends a line or a paragraph."""


class Rule(Protocol):
    """What a value may be."""

    @property
    def words(self) -> str:
        """What is wanted, to follow "must be"."""

    def read(self, value: Any, field: Field) -> Any:
        """The value to use. Raises FieldError for one that breaks the rule."""

    def parse(self, text: str, field: Field) -> Any:
        """The value of an option. Raises FieldError as `read` does."""


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, both taken."""

    low: int
    high: int

    @property
    def words(self) -> str:
        """See Rule."""
        return f"a whole number from {self.low} to {self.high}"

    def read(self, value: Any, field: Field) -> int:
        """See Rule."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise field.refuse(self.words, value)
        if not self.low <= value <= self.high:
            raise field.refuse(self.words, value)
        return value

    def parse(self, text: str, field: Field) -> int:
        """See Rule."""
        try:
            value = int(text)
        except ValueError:
            raise field.refuse(self.words, text) from None
        return self.read(value, field)


@dataclass(frozen=True)
class Number:
    """A finite number within bounds, both taken; or 0, where that means something of its own."""

    low: float
    high: float
    zero: str = ""
    """What 0 means; empty where 0 is no value apart from the bounds."""

    @property
    def words(self) -> str:
        """See Rule."""
        bounds = f"a number from {self.low:g} to {self.high:g}"
        return f"0 ({self.zero}) or {bounds}" if self.zero else bounds

    def read(self, value: Any, field: Field) -> float:
        """See Rule."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise field.refuse(self.words, value)
        # Compared before it is made a float: a whole number may be too large for one.
        within = self.low <= value <= self.high or (bool(self.zero) and value == 0)
        if not within or not math.isfinite(value):
            raise field.refuse(self.words, value)
        return float(value)

    def parse(self, text: str, field: Field) -> float:
        """See Rule."""
        try:
            value = float(text)
        except ValueError:
            raise field.refuse(self.words, text) from None
        return self.read(value, field)


@dataclass(frozen=True)
class Switch:
    """true or false."""

    words: str = "true or false"

    def read(self, value: Any, field: Field) -> bool:
        """See Rule."""
        if not isinstance(value, bool):
            raise field.refuse(self.words, value)
        return value

    def parse(self, text: str, field: Field) -> bool:
        """See Rule."""
        return self.read({"true": True, "false": False}.get(text, text), field)


@dataclass(frozen=True)
class Choice:
    """One of some words; with `kind`, the member of that enum."""

    names: tuple[str, ...]
    kind: type[StrEnum] | None = None

    @staticmethod
    def of(kind: type[StrEnum]) -> Choice:
        """One of an enum's values."""
        return Choice(tuple(kind), kind)

    @property
    def words(self) -> str:
        """See Rule."""
        return f"one of {', '.join(str(name) for name in self.names)}"

    def read(self, value: Any, field: Field) -> Any:
        """See Rule."""
        if not isinstance(value, str) or value not in self.names:
            raise field.refuse(self.words, value)
        return self.kind(value) if self.kind else value

    def parse(self, text: str, field: Field) -> Any:
        """See Rule."""
        return self.read(text, field)


@dataclass(frozen=True)
class Text:
    """A text on one line without control characters, so that it cannot forge a log's lines."""

    longest: int = 200
    shortest: int = 0
    pattern: str = ""
    """What it must match as a whole if it is not empty; `meaning` says it in words."""
    meaning: str = ""

    @property
    def words(self) -> str:
        """See Rule."""
        if self.meaning:
            return self.meaning
        length = f"{self.shortest} to" if self.shortest else "at most"
        return f"a text of {length} {self.longest} letters on one line"

    def read(self, value: Any, field: Field) -> str:
        """See Rule."""
        fits = (
            isinstance(value, str)
            and self.shortest <= len(value) <= self.longest
            and not any(unicodedata.category(letter) in _HARMFUL for letter in value)
            and (not self.pattern or not value or re.fullmatch(self.pattern, value) is not None)
        )
        if not fits:
            raise field.refuse(self.words, value)
        return str(value)

    def parse(self, text: str, field: Field) -> str:
        """See Rule."""
        return self.read(text, field)


@dataclass(frozen=True)
class Items:
    """A list of values of one rule; read as a tuple."""

    one: Rule
    least: int
    most: int

    @property
    def words(self) -> str:
        """See Rule."""
        many = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        return f"a list of {many}, each {self.one.words}"

    def read(self, value: Any, field: Field) -> tuple[Any, ...]:
        """See Rule."""
        if not isinstance(value, list | tuple) or not self.least <= len(value) <= self.most:
            raise field.refuse(self.words, value)
        return tuple(self.one.read(item, field.part(index)) for index, item in enumerate(value))

    def parse(self, text: str, field: Field) -> tuple[Any, ...]:
        """Values with commas between them."""
        parts = text.split(",") if text else []
        if not self.least <= len(parts) <= self.most:
            raise field.refuse(self.words, text)
        return tuple(self.one.parse(part.strip(), field) for part in parts)


@dataclass(frozen=True)
class Named:
    """An object of any names, each with a value of one rule."""

    name: Text
    one: Rule
    most: int = 1000

    @property
    def words(self) -> str:
        """See Rule."""
        return f"an object of at most {self.most} names"

    def read(self, value: Any, field: Field) -> dict[str, Any]:
        """See Rule."""
        if not isinstance(value, dict) or len(value) > self.most:
            raise field.refuse(self.words, value)
        return {
            self.name.read(name, field.part("a name")): self.one.read(item, field.part(name))
            for name, item in value.items()
        }

    def parse(self, text: str, field: Field) -> dict[str, Any]:
        """No option holds an object."""
        raise field.refuse(self.words, text)


@dataclass(frozen=True)
class Free:
    """An object whose contents are somebody else's: only what no file can hold is refused."""

    words: str = "an object"

    def read(self, value: Any, field: Field) -> dict[str, Any]:
        """See Rule."""
        if not isinstance(value, dict):
            raise field.refuse(self.words, value)
        left: list[tuple[Any, Field]] = [(value, field)]
        while left:
            item, place = left.pop()
            if isinstance(item, dict):
                left.extend((key, place) for key in item)
                left.extend((inner, place.part(str(key))) for key, inner in item.items())
            elif isinstance(item, list | tuple):
                left.extend((inner, place.part(index)) for index, inner in enumerate(item))
            elif isinstance(item, float) and not math.isfinite(item):
                raise place.refuse("a finite number", item)
            elif isinstance(item, str) and not _encodable(item):
                raise place.refuse("a text that can be written in UTF-8", item)
        return value

    def parse(self, text: str, field: Field) -> dict[str, Any]:
        """No option holds an object."""
        raise field.refuse(self.words, text)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
