"""How operators tell a person what is missing and what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mf_backend.contracts.errors import MFError

from ..host.draw_cache import showing
from ..host.run import readiness


class SaysWhatIsMissing:
    """Can be pressed where everything that a take needs is there, and says what is not."""

    @classmethod
    def missing(cls, context: Any) -> str:
        """What is missing, as a sentence; empty where nothing is."""
        return readiness.missing(context)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """See the class."""
        with showing():
            reason = cls.missing(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason


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
