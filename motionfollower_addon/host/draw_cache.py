"""What is looked up while something is drawn: once for each drawing, long lists once a change.

Outside of a drawing nothing is kept: scripts, operators and runs look for themselves, and see at
once what they have just changed. Inside, nothing can change before the drawing ends, and between
two drawings Blender tells of every change of a scene by its handlers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import bpy

_Answer = TypeVar("_Answer")


class _Holder:
    """What the drawing that goes on looked up, and what lasts until a scene changes."""

    drawing: dict[Any, Any] | None = None
    lasting: dict[Any, Any] = {}
    listening = False
    changes = 0


@contextmanager
def showing() -> Iterator[None]:
    """A drawing goes on until the end of the block; one inside another belongs to it."""
    if _Holder.drawing is not None:
        yield
        return
    _Holder.drawing = {}
    try:
        yield
    finally:
        _Holder.drawing = None


def once(function: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """`function`, asked once a drawing for the same arguments, which must be hashable."""

    @functools.wraps(function)
    def run(*arguments: Any) -> _Answer:
        drawing = _Holder.drawing
        if drawing is None:
            return function(*arguments)
        # Written out: this is asked dozens of times in a millisecond.
        key = (function, arguments)
        if key not in drawing:
            drawing[key] = function(*arguments)
        answer: _Answer = drawing[key]
        return answer

    return run


def until_change(function: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """`function`, asked in drawings only once until a scene changes; lists hold data-blocks.

    For what Blender tells of in `depsgraph_update_post`: a bone's new name, but not an own
    property's. Without a window it does not tell in time, and nothing is kept.
    """

    @functools.wraps(function)
    def run(*arguments: Any) -> _Answer:
        if _Holder.drawing is None:
            return function(*arguments)
        if bpy.app.background or not _Holder.listening:
            return _kept(_Holder.drawing, function, arguments)
        answer = _kept(_Holder.lasting, function, arguments)
        if isinstance(answer, list) and not _alive(answer):
            # Something was deleted, and is drawn before Blender has told of it.
            changed()
            answer = _kept(_Holder.lasting, function, arguments)
        return answer

    return run


def _alive(answer: list[Any]) -> bool:
    try:
        return all(item.name for item in answer)
    except ReferenceError:
        return False


def _kept(where: dict[Any, Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    key = (function, arguments)
    if key not in where:
        where[key] = function(*arguments)
    return where[key]


@bpy.app.handlers.persistent
def changed(*_: Any) -> None:
    """Something changed, or another file is here."""
    _Holder.lasting.clear()
    _Holder.changes += 1


def changes() -> int:
    """How often something changed; good in drawings only, as Blender tells of it late."""
    return _Holder.changes


_HANDLERS = ("depsgraph_update_post", "undo_post", "redo_post", "load_pre", "load_post")


def start() -> None:
    """Listen to changes."""
    for name in _HANDLERS:
        getattr(bpy.app.handlers, name).append(changed)
    _Holder.listening = True


def stop() -> None:
    """Listen no more, and keep nothing."""
    _Holder.listening = False
    for name in _HANDLERS:
        listening = getattr(bpy.app.handlers, name)
        if changed in listening:
            listening.remove(changed)
    changed()
