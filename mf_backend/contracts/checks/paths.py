"""The rule for paths: what a system can take, and where a path may lead."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from mf_backend.contracts.checks.fields import Field

LONGEST_PATH = 4096
"""Bytes of a path in UTF-8 that every system we run on may take."""
LONGEST_NAME = 255
"""Bytes of one name in a path."""


class Rooted(StrEnum):
    """Where a path starts."""

    ANYWHERE = "a path"
    ABSOLUTE = "an absolute path"
    INSIDE = "a path inside the job folder"


@dataclass(frozen=True)
class PathText:
    """A path that the system can take, existing or not. Odd letters are fine, NUL is not."""

    rooted: Rooted = Rooted.ANYWHERE
    optional: bool = False
    """Whether it may be empty."""

    @property
    def words(self) -> str:
        """See Rule."""
        return f"{self.rooted}, or empty" if self.optional else str(self.rooted)

    def read(self, value: Any, field: Field) -> str:
        """See Rule."""
        if not isinstance(value, str) or (not value and not self.optional):
            raise field.refuse(self.words, value)
        if value:
            self._check(value, field)
        return str(value)

    def parse(self, text: str, field: Field) -> str:
        """See Rule."""
        return self.read(text, field)

    def _check(self, value: str, field: Field) -> None:
        try:
            # Names that are not UTF-8 come as the surrogates that this error handler makes.
            data = value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise field.refuse("a path that can be written in UTF-8", value) from None
        if b"\0" in data:
            raise field.refuse("a path without NUL characters", value)
        longest = max(len(part) for part in re.split(rb"[/\\]", data))
        if len(data) > LONGEST_PATH or longest > LONGEST_NAME:
            raise field.refuse(
                f"a path of at most {LONGEST_PATH} bytes whose names have at most {LONGEST_NAME}",
                value,
            )
        parts = PurePosixPath(value.replace("\\", "/"))
        absolute = parts.is_absolute() or PureWindowsPath(value).is_absolute()
        outside = absolute or ".." in parts.parts or ":" in value
        if (self.rooted is Rooted.ABSOLUTE and not absolute) or (
            self.rooted is Rooted.INSIDE and outside
        ):
            raise field.refuse(self.words, value)
