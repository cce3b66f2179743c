"""Reading the disk beside Blender's window: a thread reads, a timer takes the answer in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import bpy

from ..core.disk.read_in_thread import Reading

_EVERY_SECONDS = 0.02
_Answer = TypeVar("_Answer")


class _Holder:
    """The timers that wait for an answer, by what they wait for."""

    waiting: dict[str, Callable[[], float | None]] = {}


def read_in_background(
    name: str, read: Callable[[], _Answer], then: Callable[[_Answer], None]
) -> None:
    """Have `read` run in a thread and then `then` with its answer in Blender's.

    `read` gets and gives plain values and never touches bpy. Without a window, where no timer
    runs, both run now. A newer reading of the same `name` takes the place of one that goes on,
    and another file that is opened ends all: their answers are dropped.
    """
    if bpy.app.background:
        then(read())
        return
    forget(name)
    reading = Reading(read)

    def look() -> float | None:
        if not reading.finished:
            return _EVERY_SECONDS
        _Holder.waiting.pop(name, None)
        then(reading.take())
        return None

    _Holder.waiting[name] = look
    bpy.app.timers.register(look, first_interval=_EVERY_SECONDS)


def waits(name: str) -> bool:
    """Whether an answer is still to come."""
    look: Any = _Holder.waiting.get(name)
    return look is not None and bpy.app.timers.is_registered(look)


def forget(name: str) -> None:
    """Drop the answer that may still come."""
    look = _Holder.waiting.pop(name, None)
    if look is not None and bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)


def stop() -> None:
    """Drop all answers; called when the add-on goes away."""
    for name in list(_Holder.waiting):
        forget(name)
