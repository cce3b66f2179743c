"""What dev.py tells the person who waits for it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class DevError(Exception):
    """dev.py cannot go on; the message says why and what to do."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def line(text: str = "") -> None:
    """One line, at once (child processes write to the same terminal)."""
    print(text, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, and afterwards how long it took."""
    line(f"==> {what}")
    start = time.monotonic()
    yield
    line(f"    done in {duration(time.monotonic() - start)}")


def duration(seconds: float) -> str:
    """'4.2 s' or '3 min 12 s'."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def use_utf8() -> None:
    """Let paths with any letter be printed, whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
