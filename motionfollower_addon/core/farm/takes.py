"""Numbers of takes as farms write them: 1-3,5 or 1-9:2."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mf_backend.contracts.errors import InputError

_PART = re.compile(r"(\d{1,9})(?:-(\d{1,9})(?::([1-9]\d{0,8}))?)?")


def read_takes(text: str, last: int) -> frozenset[int]:
    """The numbers that a text means, each from 1 to `last`. Raises InputError."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise InputError(
                "takes-invalid",
                f"{text!r} does not say which takes are meant.",
                "Write numbers and ranges, such as 1-3,5 or 1-9:2.",
            )
        first, end = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= end <= last:
            raise InputError(
                "takes-invalid",
                f"The takes {part} are not all there: there are {last}, counted from 1."
                if last > 1
                else f"The take {part} is not there: there is one, number 1.",
                "Give numbers of shots of the list.",
            )
        found.update(range(first, end + 1, int(match[3] or 1)))
    return frozenset(found)


def write_takes(numbers: Iterable[int]) -> str:
    """The shortest such text for some numbers: 1-3,5."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)
