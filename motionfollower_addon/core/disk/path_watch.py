"""Whether files are there, asked in threads: a network drive that sleeps must not hold the window.

What is known is kept by path. Only `pathlib` is touched in the threads, never `bpy`.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

_FRESH_SECONDS = 3.0
_MOST_WAITING = 8
"""Threads that may wait for drives at once; a drive that never answers keeps its one."""


class PathWatch:
    """Answers at once with what is known, and finds out the rest behind the scenes."""

    def __init__(self, fresh_seconds: float = _FRESH_SECONDS) -> None:
        self._fresh = fresh_seconds
        self._known: dict[str, tuple[bool, float]] = {}
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._changes = 0

    @property
    def changes(self) -> int:
        """How often an answer came that was new; who shows answers compares it."""
        return self._changes

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self._waiting)

    def exists(self, path: str) -> bool | None:
        """Whether the file or folder is there; None while that is not known yet.

        The latest answer is given until a newer one comes; asking again starts looking where it
        is some seconds old.
        """
        with self._lock:
            known = self._known.get(path)
            old = known is None or time.monotonic() - known[1] > self._fresh
            if old and path not in self._waiting and len(self._waiting) < _MOST_WAITING:
                self._waiting.add(path)
                threading.Thread(
                    target=self._look, args=(path,), name="motionfollower-path", daemon=True
                ).start()
        return known[0] if known is not None else None

    def forget(self) -> None:
        """Another file was opened: what is known is asked anew."""
        with self._lock:
            self._known.clear()

    def _look(self, path: str) -> None:
        try:
            there = Path(path).exists()
        except OSError:
            # A folder that may not be looked into may well hold it: nothing is claimed.
            there = True
        with self._lock:
            before = self._known.get(path)
            self._known[path] = (there, time.monotonic())
            self._waiting.discard(path)
            if before is None or before[0] != there:
                self._changes += 1
