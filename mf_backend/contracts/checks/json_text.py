"""JSON from outside: bounded in length and depth before it is parsed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.small_files import read_small

DEEPEST = 64
"""Lists and objects inside each other; everything we write has fewer than ten."""
_STRING = re.compile(r'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(r"[\[\]{}]")


def depth_of(text: str) -> int:
    """How deep lists and objects lie inside each other, valid JSON or not."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return 0
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def parse_json(data: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError saying what is wrong with it.

    Numbers may still be infinite or not a number: the rule of their field names them.
    """
    # A mark at the beginning is what Windows' editors put there.
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if depth_of(text) > DEEPEST:
        raise ValueError(f"it has more than {DEEPEST} lists or objects inside each other")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: {error.msg}") from None
    except ValueError:
        raise ValueError("a number in it has thousands of digits") from None


def read_json(path: Path, most: int) -> Any:
    """The value in a JSON file of at most `most` bytes.

    Raises UnreadableError where it cannot be read, and ValueError where it holds no JSON.
    """
    return parse_json(read_small(path, most))
