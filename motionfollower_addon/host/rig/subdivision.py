"""Keeps subdivision low while a motion is read: outlines do not need it, and it takes long.

Blender subdivides again for every sample, without the graphics card and on the main thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

POLYGONS = 60_000
"""Polygons of a mesh that outlines are drawn with; more of them would not move a pixel."""


def low_levels(polygons: int, levels: int) -> int:
    """How often a mesh may be subdivided; each time it gets four times as many polygons."""
    while levels > 0 and polygons * 4**levels > POLYGONS:
        levels -= 1
    return levels


class LowSubdivision:
    """Lowers the viewport's subdivision of some mesh objects; `close` puts it back."""

    def __init__(self, objects: Iterable[Any]) -> None:
        self._before: list[tuple[Any, str, int]] = []
        for item in objects:
            # What is linked from another file is not ours to change.
            if item.library is not None:
                continue
            for modifier in _subdividing(item):
                levels = low_levels(len(item.data.polygons), modifier.levels)
                if levels < modifier.levels:
                    self._before.append((item, modifier.name, modifier.levels))
                    modifier.levels = levels

    @property
    def changed(self) -> bool:
        """Whether anything was lowered, so that the scene has to be evaluated again."""
        return bool(self._before)

    def close(self) -> None:
        """Put back what was lowered and is still there."""
        for item, name, levels in self._before:
            with contextlib.suppress(ReferenceError):
                modifier = item.modifiers.get(name)
                if modifier is not None and modifier.type == "SUBSURF":
                    modifier.levels = levels
        self._before = []


def _subdividing(item: Any) -> Iterator[Any]:
    yield from (
        modifier
        for modifier in item.modifiers
        if modifier.type == "SUBSURF" and modifier.show_viewport
    )
