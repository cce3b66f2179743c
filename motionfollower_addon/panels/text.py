"""Sentences in a sidebar, broken into lines that fit it."""

from __future__ import annotations

import functools
import textwrap
from typing import Any

_LETTER = 6.5
"""Average width of a letter in pixels at Blender's standard size."""


def wrapped(context: Any, text: str) -> list[str]:
    """`text` as lines for the region that is drawn."""
    width = context.region.width if context.region is not None else 300
    scale = context.preferences.system.ui_scale
    letters = max(20, int((width - 60 * scale) / (_LETTER * scale)))
    return _lines(text, letters)


@functools.lru_cache(256)
def _lines(text: str, letters: int) -> list[str]:
    """The same few sentences are drawn again and again."""
    return textwrap.wrap(text, letters) or [""]


def draw_text(layout: Any, context: Any, text: str, icon: str = "NONE") -> None:
    """A sentence over as many lines as it needs, set close, with an icon before the first."""
    column = layout.column(align=True)
    column.scale_y = 0.75
    for line in wrapped(context, text):
        column.label(text=line, icon=icon)
        icon = "NONE"
