"""Buttons that several panels have."""

from __future__ import annotations

from typing import Any

from .. import ids


def draw_preferences_button(layout: Any) -> None:
    """The way to what is installed and imported."""
    layout.operator(ids.OP_PREFERENCES, icon="PREFERENCES")
