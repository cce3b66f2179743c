"""What commands print: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any


def print_json(value: Any) -> None:
    """The one JSON object that `--json` leaves on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def print_result(as_json: bool, value: dict[str, Any], lines: Sequence[str]) -> None:
    """A result, as one line of JSON or as lines for a person."""
    print(json.dumps(value, ensure_ascii=False) if as_json else "\n".join(lines))


def say(line: str) -> None:
    """A line for the person who waits, on stderr."""
    print(line, file=sys.stderr)
