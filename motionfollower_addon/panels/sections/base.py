"""A section of the sidebar: open with its settings, or closed with its state in one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

_TITLE_SHARE = 0.34


class State(NamedTuple):
    """What a closed section says, and whether something is still needed in it."""

    text: str
    ready: bool = True


def section(
    layout: Any,
    context: Any,
    values: Any,
    name: str,
    title: str,
    state: Callable[[Any, Any], State],
    draw: Callable[[Any, Any, Any], None],
) -> None:
    """One section; the settings' property `name` says whether it is open."""
    header, body = layout.panel_prop(values, name)
    if body is not None:
        header.label(text=title)
        draw(body, context, values)
        return
    said = state(context, values)
    parts = header.split(factor=_TITLE_SHARE)
    parts.label(text=title)
    parts.label(text=said.text, icon="NONE" if said.ready else "ERROR")
