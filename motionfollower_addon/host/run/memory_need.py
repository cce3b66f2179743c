"""What the chosen engine will take of the memory: asked of the backend, shown in Quality."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import bpy

from mf_backend.contracts.errors import MemoryShortError, MFError
from mf_backend.protocol.messages import Method

from ...core.backend.client import Answer, BackendClient
from ...core.backend.state import BackendState
from .. import compat
from ..footage import source
from ..options import options
from .session import current

_EVERY_SECONDS = 0.1
_FRESH_SECONDS = 10.0
"""After so long a redraw asks anew what is free; the old answer stays meanwhile."""


@dataclass(frozen=True)
class Need:
    """What to say about memory."""

    words: str = ""
    """One sentence, and the next step where there is too little; empty while it is not known."""
    short: bool = False
    """Whether there is too little."""


class _Holder:
    """The latest question, for what it was asked, and what was said to it."""

    client: BackendClient | None = None
    params: dict[str, Any] | None = None
    answer: Answer | None = None
    asked_at = 0.0
    need = Need()


def _question(context: Any, values: Any) -> dict[str, Any]:
    """What decides about memory: engine, settings, and the footage's size where it is known."""
    scene = compat.sequencer_scene(context)
    render = context.scene.render
    width, height, count = render.resolution_x, render.resolution_y, 0
    strip = None
    if values.source != "FILE" and scene is not None:
        strip = source.chosen_strip(scene, values.strip)
    if strip is not None:
        count = compat.length(strip)
        elements = getattr(strip, "elements", None)
        if elements and elements[0].orig_width:
            width, height = elements[0].orig_width, elements[0].orig_height
    preferred = options()
    return {
        "engine": values.engine,
        "width": width,
        "height": height,
        "count": values.count or count or 24,
        "settings": {
            "quality": values.quality,
            "memory": values.memory,
            "moving_camera": values.moving_camera,
            "steps": values.steps,
            "cfg": values.cfg,
            "guidance": values.guidance,
            "device": preferred.device,
            "weights": preferred.weights,
        },
    }


def look(context: Any, values: Any) -> Need:
    """What the panel says; empty while there is no backend or no answer. Never waits."""
    client = current().backend
    if client is None or client.state is not BackendState.READY:
        return Need()
    params = _question(context, values)
    changed = _Holder.client is not client or _Holder.params != params
    # What is free changes with other programs.
    if changed or (asked() and time.monotonic() - _Holder.asked_at > _FRESH_SECONDS):
        if changed:
            _Holder.need = Need()
        _Holder.client, _Holder.params = client, params
        _Holder.answer, _Holder.asked_at = client.ask(Method.MEMORY_NEED, params), time.monotonic()
        if not bpy.app.background and not bpy.app.timers.is_registered(_listen):
            bpy.app.timers.register(_listen, first_interval=_EVERY_SECONDS)
    answer = _Holder.answer
    if answer is not None and answer.here:
        try:
            _Holder.need = need_of(answer.take())
        except MFError as error:
            _Holder.need = Need(str(error), isinstance(error, MemoryShortError))
    return _Holder.need


def words(context: Any, values: Any) -> str:
    """The sentence alone."""
    return look(context, values).words


def asked() -> bool:
    """Whether the backend has answered the latest question."""
    return _Holder.answer is not None and _Holder.answer.here


def need_of(told: dict[str, Any]) -> Need:
    """The backend's answer in words; fields that it does not have are done without."""
    needed, free = told.get("needed_bytes"), told.get("free_bytes")
    if not isinstance(needed, int):
        return Need()
    whose = _whose(str(told.get("device") or "cpu"))
    preset = f" with the preset for {told['preset']} GB" if told.get("preset") else ""
    there = f"; {_gigabytes(free)} are free" if isinstance(free, int) else ""
    enough = not isinstance(free, int) or needed <= free
    if told.get("fits", enough):
        return Need(f"Needs about {_gigabytes(needed)} of {whose}{preset}{there}.")
    said = f"Too little memory: it needs about {_gigabytes(needed)} of {whose}{preset}{there}."
    return Need(f"{said} {_next_step(told, enough)}", True)


def _next_step(told: dict[str, Any], enough_is_free: bool) -> str:
    """What to do where the memory is short."""
    smaller, takes = told.get("fitting_preset"), told.get("fitting_bytes")
    if smaller and isinstance(takes, int):
        return f"Set Memory to {smaller} GB, which takes {_gigabytes(takes)}."
    if told.get("camera_helps"):
        return "Switch Moving Camera off and set Memory to 6 GB."
    if not told.get("preset"):
        return "Close other programs, or use footage with fewer pixels."
    if enough_is_free:
        return "Use footage with fewer pixels."
    if told.get("device") == "cpu":
        return "Close other programs, or block the shot with the Preview engine."
    return (
        "Close other programs that use the graphics card, choose another device in the "
        "preferences, or block the shot with the Preview engine."
    )


def _whose(device: str) -> str:
    """Whose memory it is: "this computer's memory", "the graphics card's memory"."""
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return "this computer's memory"
    card = f" ({device})" if number not in ("", "0") else ""
    return f"the graphics card's memory{card}"


def _gigabytes(size: int) -> str:
    return f"{size / 2**30:.1f} GB"


def _listen() -> float | None:
    """Draw again once the answer came."""
    client, answer = _Holder.client, _Holder.answer
    if client is None or answer is None:
        return None
    if client.state is BackendState.READY:
        client.poll()
    if not answer.here and client.state is BackendState.READY:
        return _EVERY_SECONDS
    compat.redraw_panels()
    return None


def stop() -> None:
    """Wait for nothing more; called when the add-on goes away."""
    _Holder.client = _Holder.params = _Holder.answer = None
    _Holder.need = Need()
    if bpy.app.timers.is_registered(_listen):
        bpy.app.timers.unregister(_listen)
