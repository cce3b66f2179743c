"""The runs of this Blender, and the one backend process that they share."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import bpy

from mf_backend.contracts.errors import InputError, MFError

from ...core.backend.client import BackendClient
from ...core.backend.process import BackendProcess, new_log, require_python
from ...core.backend.state import BackendState
from ...core.job.order import A_TAKE, Order
from ...core.job.shot import Shot
from .. import compat
from ..options import options, user_folder
from ..take import home_scene
from ..take.bring_in_pieces import remove_half_made
from .analysis import Aim, AnalysisFlow, Asked
from .flow import RenderFlow
from .stages import FlowStage

_DONE = {Aim.ANALYSE: "analysed", Aim.TUNE: "tuned to"}
_BUSY_SECONDS = 0.01
_WAITING_SECONDS = 0.1
_IDLE_SECONDS = 1.0


class Session:
    """Holds the backend and the runs; `tick` moves them on and is called by a timer."""

    def __init__(self) -> None:
        self.flows: list[RenderFlow] = []
        self.analyses: list[AnalysisFlow] = []
        """Analyses of actors, the latest last."""
        self.waiting: tuple[Any, ...] = ()
        """Jobs on disk that nobody works on, as last looked for."""
        self.longest_hold: tuple[float, str] = (0.0, "")
        """Longest time one tick kept Blender waiting, in seconds, and in which stage."""
        self.startup_marks: list[tuple[int, str]] = []
        """Marks that are off their scenes while a startup file is being saved."""
        self._looked = 0.0
        self._client: BackendClient | None = None
        # Blender knows a timer by the very object, and a bound method is a new one each time.
        self._callback = self._timer

    # -- the backend --------------------------------------------------------------------------

    @property
    def backend(self) -> BackendClient | None:
        """The backend as it is; None before the first start."""
        return self._client

    def client(self) -> BackendClient:
        """The backend, started where it does not run. Raises where it cannot be started."""
        gone = (BackendState.FAILED, BackendState.STOPPED)
        if self._client is not None and self._client.state in gone:
            self._client.process.close()
            self._client = None
        if self._client is None:
            python = require_python(options().backend_python, os.environ)
            version = bpy.app.version_string
            process = BackendProcess(python, new_log(user_folder("logs")))
            self._client = BackendClient(process, f"Blender {version}")
        return self._client

    def close_backend(self) -> None:
        """End the backend; its jobs can be started again."""
        if self._client is not None:
            self._client.close()

    def close(self) -> None:
        """End everything; called when the add-on or Blender goes away."""
        for flow in self.flows:
            flow.suspend()
        self.stop_timer()
        self.close_backend()
        self.flows.clear()
        self.analyses.clear()

    # -- runs ---------------------------------------------------------------------------------

    def make_flow(
        self,
        shot: Shot | None = None,
        folder: Path | None = None,
        order: Order = A_TAKE,
        finished: bool = False,
    ) -> RenderFlow:
        """A run that nobody steps yet. Raises InputError for wrong input."""
        if folder is not None and self.flow_of(folder) is not None:
            raise InputError("job-running", f"The job in {folder} is already being worked on.")
        return RenderFlow(self.client, shot, folder, order, finished)

    def add(self, flow: RenderFlow) -> None:
        """List a run and let the timer step it."""
        self.flows = [
            item for item in self.flows if item.folder is None or item.folder != flow.folder
        ]
        self.flows.append(flow)
        self.start_timer()

    def analyse(self, asked: Asked) -> None:
        """Begin an analysis that the timer steps; ended ones of the same scene are forgotten.

        Raises InputError where one of its scene goes on.
        """
        for flow in self.analyses:
            if flow.asked.scene == asked.scene and not flow.stage.ended:
                raise InputError(
                    "analysis-running",
                    f"The actor of this scene is being {_DONE[flow.asked.aim]} already.",
                    "Wait for it to end, or cancel it.",
                )
        self.analyses = [flow for flow in self.analyses if flow.asked.scene != asked.scene]
        self.analyses.append(AnalysisFlow(self.client, asked))
        self.start_timer()

    def analysis_of(self, scene: str) -> AnalysisFlow | None:
        """The latest analysis that a scene's panel asked for; None where it asked for none."""
        return next((flow for flow in self.analyses if flow.asked.scene == scene), None)

    def flow_of(self, folder: Path) -> RenderFlow | None:
        """The run that works on a job folder now; None where none does."""
        for flow in self.flows:
            if flow.folder == folder and not flow.stage.ended:
                return flow
        return None

    def forget(self, flow: RenderFlow) -> None:
        """Take an ended run off the list; its folder stays."""
        if flow.stage.ended:
            self.flows.remove(flow)

    @property
    def active(self) -> list[RenderFlow]:
        """Runs that have not ended."""
        return [flow for flow in self.flows if not flow.stage.ended]

    def tick(self) -> float | None:
        """Move every run on by one small step. Returns seconds until the next call."""
        before = self._seen()
        taken: set[FlowStage] = set()
        for flow in self.flows:
            # One motion is read at a time: they would fight over the scene's frame. One result
            # comes in at a time: many at once would keep Blender waiting.
            if flow.stage in (FlowStage.SAMPLING, FlowStage.BRINGING_IN) and flow.busy:
                if flow.stage in taken:
                    continue
                taken.add(flow.stage)
            stage, begin = flow.stage, time.perf_counter()
            flow.step()
            held = time.perf_counter() - begin
            if held > self.longest_hold[0]:
                self.longest_hold = (held, stage.name)
        for analysis in self.analyses:
            analysis.step()
        if self._client is not None and self._client.state in (
            BackendState.STARTING,
            BackendState.READY,
        ):
            self._client.poll()
        if time.monotonic() - self._looked >= _IDLE_SECONDS:
            self.look_for_takes()
        if before != self._seen():
            compat.redraw_panels()
        if any(flow.busy for flow in self.flows):
            return _BUSY_SECONDS
        goes_on = self.active or any(not flow.stage.ended for flow in self.analyses)
        return _WAITING_SECONDS if goes_on else _IDLE_SECONDS

    def _seen(self) -> list[Any]:
        """What panels show of the runs."""
        backend = self._client
        said = (backend.state, backend.failure) if backend is not None else None
        return [
            said,
            *((flow.stage, flow.progress(), flow.take_there, flow.strip) for flow in self.flows),
            *((flow.stage, flow.progress()) for flow in self.analyses),
        ]

    def look_for_takes(self) -> None:
        """See whether the takes of ended runs are still there: a walk over all strips for each."""
        self._looked = time.monotonic()
        for flow in self.flows:
            flow.look_for_take()

    # -- the timer ----------------------------------------------------------------------------

    def _timer(self) -> float | None:
        try:
            return self.tick()
        except MFError as error:
            # A timer that raises is dropped by Blender, and every run would stand still.
            print(f"MotionFollower: {error}")
            return _IDLE_SECONDS

    def start_timer(self) -> None:
        """Have Blender call `tick`; without a window there are no timers."""
        if not bpy.app.background and not bpy.app.timers.is_registered(self._callback):
            bpy.app.timers.register(self._callback, persistent=True)

    def stop_timer(self) -> None:
        """No more calls of `tick`."""
        if bpy.app.timers.is_registered(self._callback):
            bpy.app.timers.unregister(self._callback)


class _Holder:
    """Where the session of this Blender is kept between register and unregister."""

    session: Session | None = None


def start() -> Session:
    """Make the session; called once by `register`."""
    _Holder.session = Session()
    return _Holder.session


def stop() -> None:
    """End the session; called by `unregister`."""
    if _Holder.session is not None:
        _Holder.session.close()
        _Holder.session = None


def current() -> Session:
    """The session of this Blender."""
    if _Holder.session is None:
        raise MFError("not-registered", "The MotionFollower add-on is not switched on.")
    return _Holder.session


def _suspend(*_: Any) -> None:
    for flow in current().active:
        flow.suspend()


@bpy.app.handlers.persistent
def before_change(*_: Any) -> None:
    """Before an undo: nothing half-read or half-made may stay in the scene."""
    _suspend()


@bpy.app.handlers.persistent
def before_save(path: object = None, *_: Any) -> None:
    """Before a save: the same, and what finds the results' scenes again has to be in the file.

    A startup file is saved without a path: no new file may pass for the one of a result.
    """
    _suspend()
    for flow in current().flows:
        flow.destination.before_save()
    current().startup_marks = home_scene.take_marks_off() if path == "" else []


@bpy.app.handlers.persistent
def after_save(*_: Any) -> None:
    """After a save, done or failed: jobs know where their file is now."""
    home_scene.put_marks_back(current().startup_marks)
    current().startup_marks = []
    for flow in current().flows:
        try:
            flow.destination.after_save(flow.folder)
        except MFError as error:
            # The .blend is saved all the same; only a job folder cannot be written to.
            print(f"MotionFollower: {error}")


@bpy.app.handlers.persistent
def before_load(*_: Any) -> None:
    """Before another file opens; what an analysis found on single frames is kept."""
    for analysis in current().analyses:
        analysis.cancel()
    current().analyses.clear()
    for flow in current().flows:
        flow.leave_file()


@bpy.app.handlers.persistent
def after_load(*_: Any) -> None:
    """After a file was opened."""
    remove_half_made()
    for flow in current().flows:
        flow.destination.enter_file()
    current().look_for_takes()


@bpy.app.handlers.persistent
def after_failed_load(*_: Any) -> None:
    """A file could not be opened, and the one before stays."""
    for flow in current().flows:
        flow.destination.stay_in_file()


@bpy.app.handlers.persistent
def before_exit(*_: Any) -> None:
    """Before Blender ends."""
    current().close()


@bpy.app.handlers.persistent
def after_change(*_: Any) -> None:
    """After an undo: it may hold what was half made when it was kept, and takes come and go."""
    remove_half_made()
    current().look_for_takes()


_HANDLERS = {
    "save_pre": before_save,
    "save_post": after_save,
    "save_post_fail": after_save,
    "undo_pre": before_change,
    "redo_pre": before_change,
    "undo_post": after_change,
    "redo_post": after_change,
    "load_pre": before_load,
    "load_post": after_load,
    "load_post_fail": after_failed_load,
    "exit_pre": before_exit,
}


def add_handlers() -> None:
    """Listen to saving, undo, loading and, where Blender tells of it, its end."""
    for name, function in _HANDLERS.items():
        if hasattr(bpy.app.handlers, name):
            getattr(bpy.app.handlers, name).append(function)


def remove_handlers() -> None:
    """Stop listening."""
    for name, function in _HANDLERS.items():
        listening = getattr(bpy.app.handlers, name, [])
        if function in listening:
            listening.remove(function)
