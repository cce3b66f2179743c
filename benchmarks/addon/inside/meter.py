"""Measures, inside Blender, how long each call of the add-on keeps the main thread.

Everything through which Blender calls the add-on is wrapped: timers, handlers, drawing callbacks,
panels, lists and operators. What Blender itself does inside such a call (evaluating the scene,
storing a step of undo) is measured apart.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import bpy

PACKAGE = "bl_ext.user_default.motionfollower"
EVALUATION = "evaluation"
UNDO = "undo step"


@dataclass
class Call:
    """One call of the add-on by Blender, in seconds."""

    name: str
    held: float = 0.0
    apart: dict[str, float] = field(default_factory=dict)
    """What Blender itself did in it, by kind."""
    worked: float = 0.0
    """Processor time of this thread in it, without what Blender itself did."""
    samples: int = 0
    """Times that the scene was evaluated for a sample."""
    stage: str = ""
    """Stage of the run that took longest in it."""

    @property
    def own(self) -> float:
        """Seconds by the clock without the evaluation of the scene."""
        return self.held - self.apart.get(EVALUATION, 0.0)


class Meter:
    """Wraps the add-on from `start` on and lists its `calls`."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._now: Call | None = None
        self._wrapped: dict[Any, Any] = {}

    def counted(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, noted as a call unless it runs inside another one."""

        @functools.wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            if self._now is not None:
                return function(*arguments, **named)
            call = self._now = Call(name)
            begin, before = time.perf_counter(), time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                call.held = time.perf_counter() - begin
                call.worked += time.thread_time() - before
                self._now = None
                self.calls.append(call)

        return run

    def apart(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, whose time is Blender's own."""

        @functools.wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            begin, before = time.perf_counter(), time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                if self._now is not None:
                    spent = time.perf_counter() - begin
                    self._now.apart[kind] = self._now.apart.get(kind, 0.0) + spent
                    self._now.worked -= time.thread_time() - before

        return run

    def start(self) -> None:
        """Wrap everything."""
        self._timers()
        self._handlers()
        self._classes()
        host = sys.modules
        overlay = host[f"{PACKAGE}.host.view.overlay"]
        current = overlay.current()
        current.stop()
        overlay.Overlay._timed = self.counted("overlay", overlay.Overlay._timed)
        current.start()
        rig = host[f"{PACKAGE}.host.rig.motion_sampler"]
        rig.go_to_frame = self._sampled(self.apart(EVALUATION, rig.go_to_frame))
        restore = rig.RigSampler._restore_frame
        rig.RigSampler._restore_frame = self.apart(EVALUATION, restore)
        home = host[f"{PACKAGE}.host.take.home_scene"]
        home.show_new_take = self.apart(UNDO, home.show_new_take)
        flow = host[f"{PACKAGE}.host.run.flow"]
        flow.RenderFlow.step = self._staged(flow.RenderFlow.step)

    def _sampled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            if self._now is not None:
                self._now.samples += 1
            return function(*arguments)

        return run

    def _staged(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def run(flow: Any) -> Any:
            if self._now is not None and not flow.stage.ended:
                self._now.stage = flow.stage.name
            return step(flow)

        return run

    def _timers(self) -> None:
        timers = bpy.app.timers
        for name in ("register", "unregister", "is_registered"):
            original = getattr(timers, name)

            def through(function: Any, *rest: Any, _original: Any = original, **named: Any) -> Any:
                if (getattr(function, "__module__", "") or "").startswith(PACKAGE):
                    word = f"timer {function.__module__.rpartition('.')[2]}.{function.__name__}"
                    function = self._wrapped.setdefault(function, self.counted(word, function))
                return _original(function, *rest, **named)

            setattr(timers, name, through)

    def _handlers(self) -> None:
        for name in dir(bpy.app.handlers):
            listening = getattr(bpy.app.handlers, name)
            if not isinstance(listening, list):
                continue
            for index, function in enumerate(listening):
                if (getattr(function, "__module__", "") or "").startswith(PACKAGE):
                    wrapper = self.counted(f"handler {name}", function)
                    listening[index] = bpy.app.handlers.persistent(wrapper)

    def _classes(self) -> None:
        for name in dir(bpy.types):
            cls = getattr(bpy.types, name, None)
            # Blender lists operators by what they are called, MOTIONFOLLOWER_OT_render and so on.
            if not name.startswith(("MF_", "MOTIONFOLLOWER_")) or not isinstance(cls, type):
                continue
            for part in ("draw", "draw_header", "poll", "execute", "invoke", "modal", "check"):
                self._method(cls, cls.__name__, part)

    def _method(self, cls: type, name: str, part: str) -> None:
        for owner in cls.__mro__:
            found = owner.__dict__.get(part)
            if found is None or not (owner.__module__ or "").startswith(PACKAGE):
                continue
            plain = found.__func__ if isinstance(found, classmethod) else found
            fitting = _fitting(self.counted(f"{name}.{part}", plain), plain.__code__.co_argcount)
            setattr(cls, part, classmethod(fitting) if plain is not found else fitting)
            return


def _fitting(run: Callable[..., Any], count: int) -> Callable[..., Any]:
    """`run` with that many arguments: Blender passes what it reads from a function's code."""
    if count == 3:
        return lambda one, two, three: run(one, two, three)
    return lambda one, two: run(one, two)
