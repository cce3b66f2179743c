"""The choices of a list as Blender takes them."""

from collections.abc import Iterable


def plain(items: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """(value, label, tooltip) as plain strings only: Blender takes no enums of them."""
    return [(str(key), label, text) for key, label, text in items]
