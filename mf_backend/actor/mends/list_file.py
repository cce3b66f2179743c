"""A list of mends as JSON: {"schema": number, KEY: [...]}, refused in words where it is none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.checks.small_files import UnreadableError
from mf_backend.contracts.errors import InputError

_LARGEST = 64 << 20


@dataclass(frozen=True)
class ListFile:
    """One such file in an actor's folder of mends."""

    path: Path
    key: str
    what: str
    """Its entries, for people: "corrections"."""
    schema: int

    def entries(self) -> list[Any]:
        """What the list holds, unchecked; nothing where there is no file. Raises InputError."""
        try:
            value = read_json(self.path, _LARGEST)
        except UnreadableError as error:
            if error.missing:
                return []
            raise self.refusal(str(error)) from None
        except ValueError as error:
            raise self.refusal(str(error)) from None
        if isinstance(value, dict) and isinstance(value.get("schema"), int):
            if value["schema"] > self.schema:
                raise InputError(
                    "mends-schema",
                    f"The {self.what} in {self.path} were written by a newer version.",
                    "Update the add-on and the backend.",
                )
            entries = value.get(self.key)
            if isinstance(entries, list):
                return entries
        raise self.refusal(f"it holds no {self.what}")

    def refusal(self, why: str) -> InputError:
        """The error that says why the file cannot be read."""
        return InputError(
            "mends-damaged",
            f"The {self.what} in {self.path} cannot be read: {why}.",
            "Mend the file or move it away; nothing else of the actor depends on it.",
        )
