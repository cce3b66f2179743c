"""Threads for requests, so that a path on a drive that does not answer holds up nobody else's."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

PATIENCE_SECONDS = 1.0
"""How long a request waits for earlier ones that it must not overtake."""


class Workers:
    """Threads that are made as they are needed, up to a number, and do not keep a process alive."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._free = 0
        """Threads that wait, less the tasks that wait for them."""

    def do(self, task: Callable[[], None]) -> None:
        """Do a task, which must not raise, in some thread soon."""
        with self._lock:
            self._free -= 1
            if self._free < 0 and self._threads < self._most:
                self._threads += 1
                self._free += 1
                name = f"worker {self._threads}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        self._tasks.put(task)

    def _work(self) -> None:
        while True:
            self._tasks.get()()
            with self._lock:
                self._free += 1


class Turns:
    """Keeps requests that are looked at side by side in the order in which they came.

    Whoever hangs is waited for PATIENCE_SECONDS from when it came, then overtaken.
    """

    def __init__(self) -> None:
        self._came: dict[int, float] = {}
        self._next = 0
        self._changed = threading.Condition()

    def take(self) -> int:
        """A number for a request that has come."""
        with self._changed:
            self._next += 1
            self._came[self._next] = time.monotonic()
            return self._next

    def wait(self, number: int) -> None:
        """Wait until all earlier ones are done, or have hung for too long."""
        with self._changed:
            while True:
                now = time.monotonic()
                left = [
                    came + PATIENCE_SECONDS - now
                    for earlier, came in self._came.items()
                    if earlier < number and came + PATIENCE_SECONDS > now
                ]
                if not left:
                    return
                self._changed.wait(min(left))

    def done(self, number: int) -> None:
        """This one is done, whatever came of it."""
        with self._changed:
            self._came.pop(number, None)
            self._changed.notify_all()
