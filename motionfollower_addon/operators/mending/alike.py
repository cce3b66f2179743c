"""What mending and looking at what was found have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mf_backend.contracts.errors import MFError

from ...host.view import corrections, fitted_actor
from ...host.view.actor import stored
from ..reporting import attempt, refuse


def take_away(
    operator: Any, context: Any, remove: Callable[[fitted_actor.ActorMaterial], None]
) -> set[str]:
    """Remove something that was put right of the actor; the operator's answer to Blender."""
    try:
        return attempt(operator, lambda: remove(fitted_actor.find(context)))
    finally:
        corrections.forget()


def add_strip(
    operator: Any, context: Any, add: Callable[[Any, stored.StoredActor], Any]
) -> set[str]:
    """Put what was found of the actor over the footage as a strip that `add` makes, and say where
    it is; the operator's answer to Blender."""
    try:
        strip = add(context.scene, stored.analysed(context.scene))
    except MFError as error:
        return refuse(operator, error)
    operator.report({"INFO"}, f"{strip.name} is in channel {strip.channel}, muted.")
    return {"FINISHED"}
