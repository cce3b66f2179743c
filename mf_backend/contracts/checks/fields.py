"""Where a value stands, and the one sentence that refuses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mf_backend.contracts.errors import FieldError

_SHOWN = 60
"""Letters of a wrong value that a sentence shows."""
_LONG_NUMBER = 10**30
_LISTED = 8


def shown(value: Any) -> str:
    """A wrong value for a sentence: short, on one line and printable, whatever it is."""
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, list | tuple) and len(value) > 8:
        return f"a list of {len(value)}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(shown(item) for item in value)}]"[: 4 * _SHOWN]
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) > _LONG_NUMBER:
        return "a number far too large" if value > 0 else "a number far too small"
    # ascii() spells out what no terminal can print; letters of any alphabet stay.
    text = repr(value) if str(value).isprintable() else ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(str(value))} letters)"


def listed(names: Iterable[str]) -> str:
    """Some names for a sentence, not all of a thousand."""
    known = sorted(names)
    told = ", ".join(shown(name)[1:-1] for name in known[:_LISTED])
    more = len(known) - _LISTED
    return f"{told} and {more} more" if more > 0 else told


@dataclass(frozen=True)
class Field:
    """A value's name ("settings.seed", "--fps"), the place it stands in ("job.json"; empty where
    the name says it), and the code of the error that refuses it."""

    name: str
    place: str = ""
    code: str = "usage"
    hint: str = ""

    def part(self, name: str | int) -> Field:
        """A part of this value."""
        if isinstance(name, int):
            return replace(self, name=f"{self.name}[{name}]")
        # A name may come from a file, too: it is told as values are.
        told = name if name.isprintable() and len(name) <= _SHOWN else shown(name)[1:-1]
        return replace(self, name=f"{self.name}.{told}" if self.name else told)

    def error(self, text: str, code: str = "") -> FieldError:
        """An error that says `text` ("must be …") of this value."""
        if self.name and self.place:
            text = f"In {self.place}, {self.name} {text}."
        else:
            text = f"{self.name or self.place} {text}."
        return FieldError(self.name, code or self.code, text, self.hint)

    def refuse(self, wanted: str, value: Any) -> FieldError:
        """An error for a value that is not what is wanted ("a whole number from 0 to 5")."""
        return self.error(f"must be {wanted}, not {shown(value)}")
