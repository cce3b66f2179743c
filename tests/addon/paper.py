"""A layout that notes what a panel draws, so that tests can read it as a person would."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import bpy


class Paper:
    """Takes every call that Blender's layouts take; `lines` and `buttons` are what was drawn."""

    def __init__(self, within: Paper | None = None) -> None:
        self.lines: list[str] = within.lines if within is not None else []
        self.buttons: list[tuple[str, Any]] = within.buttons if within is not None else []
        self.enabled = self.active = True
        self.alert = self.use_property_split = False

    @property
    def text(self) -> str:
        """All lines, which a narrow panel may have broken, as one."""
        return " ".join(self.lines)

    def _part(self, *_: Any, **__: Any) -> Paper:
        return Paper(self)

    row = column = box = split = _part

    def panel(self, _: str, default_closed: bool = False) -> tuple[Paper, Paper | None]:
        """A part that opens and closes, as it is at first."""
        return Paper(self), None if default_closed else Paper(self)

    def panel_prop(self, values: Any, name: str) -> tuple[Paper, Paper | None]:
        """A section."""
        return Paper(self), Paper(self) if getattr(values, name) else None

    def label(self, text: str = "", **_: Any) -> None:
        """Words."""
        self.lines.append(text)

    def progress(self, factor: float = 0.0, text: str = "", **_: Any) -> None:
        """A bar."""
        self.lines.append(text)

    def prop(self, _: Any, name: str, text: str | None = None, **said: Any) -> None:
        """A field; what stands in it while it is empty."""
        self.lines += [said["placeholder"]] if "placeholder" in said else []

    def operator(self, name: str, text: str | None = None, **_: Any) -> Any:
        """A button."""
        given = SimpleNamespace()
        self.buttons.append((name, given))
        if text is None:
            module, _, function = name.partition(".")
            text = getattr(getattr(bpy.ops, module), function).get_rna_type().name
        self.lines.append(text)
        return given

    def operator_menu_enum(self, name: str, _: str, **said: Any) -> Any:
        """A button with a menu of choices."""
        return self.operator(name, **said)

    def template_icon(self, **_: Any) -> None:
        """A picture."""

    def template_list(self, *_: Any, **__: Any) -> None:
        """A list."""


def context(scene: Any, width: int = 300) -> Any:
    """What a panel asks of its context."""
    return SimpleNamespace(
        scene=scene,
        workspace=None,
        region=SimpleNamespace(width=width),
        preferences=SimpleNamespace(system=SimpleNamespace(ui_scale=1.0)),
        window_manager=bpy.context.window_manager,
        view_layer=bpy.context.view_layer,
    )
