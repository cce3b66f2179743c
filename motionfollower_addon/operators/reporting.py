"""How operators tell a person what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mf_backend.contracts.errors import MFError


def refuse(operator: Any, error: MFError) -> set[str]:
    """Report an error in its own words; in scripts the call raises RuntimeError with them."""
    operator.report({"ERROR"}, str(error))
    return {"CANCELLED"}


def warn_all(operator: Any, warnings: list[tuple[str, str]]) -> None:
    """Report every warning of a run."""
    for _, message in warnings:
        operator.report({"WARNING"}, message)


def attempt(operator: Any, action: Callable[[], object]) -> set[str]:
    """Do it; the operator's answer to Blender, with an error reported in its own words."""
    try:
        action()
    except MFError as error:
        return refuse(operator, error)
    return {"FINISHED"}


def ask_first(operator: Any, context: Any, width: int, confirm: str) -> set[str]:
    """Open the operator's dialog, `width` pixels wide; its button `confirm` runs `execute`."""
    manager = context.window_manager
    return set(manager.invoke_props_dialog(operator, width=width, confirm_text=confirm))
