"""What the chosen engine will take of the memory: asked of the backend, shown in Quality."""

from __future__ import annotations

from typing import Any

import bpy

from mf_backend.errors import MFError
from mf_backend.protocol.messages import Method

from ..core.backend_client import Answer, BackendClient
from ..core.backend_state import BackendState
from . import clip, compat
from .options import options
from .session import current

_EVERY_SECONDS = 0.1


class _Holder:
    """The latest question and for what it was asked."""

    client: BackendClient | None = None
    params: dict[str, Any] | None = None
    answer: Answer | None = None


def _question(context: Any, values: Any) -> dict[str, Any]:
    """What decides about memory: engine, settings, and the footage's size where it is known."""
    scene = compat.sequencer_scene(context)
    render = context.scene.render
    width, height, count = render.resolution_x, render.resolution_y, 0
    strip = None
    if values.source != "FILE" and scene is not None:
        named = [item for item in clip.footage_strips(scene) if item.name == values.strip]
        strip = (named or [None])[0] if values.strip else clip.default_strip(scene)
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


def words(context: Any, values: Any) -> str:
    """One sentence for the panel; empty while there is no backend or no answer. Never waits."""
    client = current().backend
    if client is None or client.state is not BackendState.READY:
        return ""
    params = _question(context, values)
    if _Holder.client is not client or _Holder.params != params:
        _Holder.client, _Holder.params = client, params
        _Holder.answer = client.ask(Method.MEMORY_NEED, params)
        if not bpy.app.background and not bpy.app.timers.is_registered(_look):
            bpy.app.timers.register(_look, first_interval=_EVERY_SECONDS)
    answer = _Holder.answer
    if answer is None or not answer.here:
        return ""
    try:
        return sentence(answer.take())
    except MFError as error:
        return str(error)


def asked() -> bool:
    """Whether the backend has answered the latest question."""
    return _Holder.answer is not None and _Holder.answer.here


def sentence(told: dict[str, Any]) -> str:
    """The backend's answer in words."""
    needed, free = told.get("needed_bytes"), told.get("free_bytes")
    if not isinstance(needed, int):
        return ""
    preset = f" with the preset for {told['preset']} GB" if told.get("preset") else ""
    there = f"; {free / 2**30:.1f} GB are free" if isinstance(free, int) else ""
    return f"Needs about {needed / 2**30:.1f} GB on {told.get('device')}{preset}{there}."


def _look() -> float | None:
    """Draw again once the answer came."""
    client, answer = _Holder.client, _Holder.answer
    if client is None or answer is None:
        return None
    if client.state is BackendState.READY:
        client.poll()
    if not answer.here and client.state is BackendState.READY:
        return _EVERY_SECONDS
    compat.redraw()
    return None


def stop() -> None:
    """Wait for nothing more; called when the add-on goes away."""
    _Holder.client = _Holder.params = _Holder.answer = None
    if bpy.app.timers.is_registered(_look):
        bpy.app.timers.unregister(_look)
