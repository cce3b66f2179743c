"""A section of the sidebar: open with its settings, or closed with its state in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

_TITLE_SHARE = 0.34


class State(NamedTuple):
    """What a closed section says, and whether something is still needed in it."""

    text: str
    ready: bool = True


@dataclass(frozen=True)
class Section:
    """What a section says and shows; functions get Blender's context and the scene's settings."""

    name: str
    title: str
    tooltip: str
    state: Callable[[Any, Any], State]
    """(context, settings): the line of the closed section."""
    draw: Callable[[Any, Any, Any], None]
    """(layout, context, settings): what the open section holds."""
    opened: bool = False
    """Whether it is open in a new scene."""
    classes: tuple[type, ...] = ()
    """Blender classes that its drawing needs."""

    @property
    def open_property(self) -> str:
        """Name of the setting that says whether it is open."""
        return f"show_{self.name}"

    def show(self, layout: Any, context: Any, values: Any) -> None:
        """Draw it, open or closed."""
        header, body = layout.panel_prop(values, self.open_property)
        if body is not None:
            header.label(text=self.title)
            self.draw(body, context, values)
            return
        said = self.state(context, values)
        parts = header.split(factor=_TITLE_SHARE)
        parts.label(text=self.title)
        parts.label(text=said.text, icon="NONE" if said.ready else "ERROR")
