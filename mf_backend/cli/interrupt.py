"""Ctrl-C and a polite kill stop work at its next step; a second one stops it at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from threading import Event
from types import FrameType


def stop_gently(cancelled: Event, say: Callable[[str], None]) -> None:
    """Let signals set `cancelled` from now on; `say` tells the person so."""

    def stop(number: int, frame: FrameType | None) -> None:
        if cancelled.is_set():
            signal.default_int_handler(number, frame)
        say("Stopping at the next step …")
        cancelled.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
