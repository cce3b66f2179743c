"""Makers of settings that several groups have."""

from collections.abc import Iterable
from typing import Any

from bpy.props import StringProperty

from ..host import compat


def plain(items: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """(value, label, tooltip) as plain strings only: Blender takes no enums of them."""
    return [(str(key), label, text) for key, label, text in items]


def path_setting(name: str, description: str, folder: bool = False) -> Any:
    """A setting that holds a path, beside the .blend where it begins so."""
    return StringProperty(
        name=name,
        subtype="DIR_PATH" if folder else "FILE_PATH",
        options=compat.path_options(),
        description=description,
    )
