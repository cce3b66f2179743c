"""Reading the disk in a thread of its own, so that Blender's window stays free."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Reading(Generic[T]):
    """`read` running in a thread: plain values in, plain values out, nothing of Blender's.

    Look at `finished`, then `take`.
    """

    def __init__(self, read: Callable[[], T]) -> None:
        """Begins at once."""
        self._read = read
        self._value: list[T] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="motionfollower-reader", daemon=True)
        self._thread.start()

    @property
    def finished(self) -> bool:
        """Whether `take` gives its answer without waiting."""
        return bool(self._value) or self._error is not None

    def take(self) -> T:
        """What was read, waited for where it is not there yet. Raises what went wrong."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value[0]

    def _run(self) -> None:
        try:
            self._value.append(self._read())
        except Exception as error:  # noqa: BLE001 - it is raised again where the answer is taken
            self._error = error
