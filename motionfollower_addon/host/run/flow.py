"""One shot from click to strip in small steps; the window and `blender -b` take the same ones."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from pathlib import Path

import bpy

from mf_backend.contracts.errors import CancelledError, MFError, MissingComponentError
from mf_backend.contracts.request import JobRequest, read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import read_state

from ...core.backend.client import Answer, BackendClient, clip_facts
from ...core.backend.state import BackendState, ClipFacts, JobPhase, JobStatus
from ...core.job.order import A_TAKE, Goal, Order
from ...core.job.provenance import Origin, read_origin
from ...core.job.shot import Shot
from .. import compat
from ..footage.source import Footage, resolve
from ..take import home_scene, strips
from ..take.bring_in_pieces import BringIn
from ..take.destination import Destination
from .draft import take_title
from .preparation import Preparation
from .stages import FlowStage

_HANDSHAKE_SECONDS = 120.0
_READ, _PREPARED, _WORKED = 0.04, 0.05, 0.94
"""Shares of the bar: until the motion is read, until the job is written, and what the backend
does."""


def _told_by_blender(error: ReferenceError | RuntimeError) -> MFError:
    """Something that vanished, or a call that Blender refused, for a person."""
    if isinstance(error, ReferenceError):
        words = "Something that the run works on was removed from the file."
        return MFError("blender", words, "Start it again with what is there now.")
    said = str(error).strip().removeprefix("Error: ").rstrip(".")
    return MFError("blender", f"Blender could not do a step of the run: {said}.", "Start it again.")


class RenderFlow:
    """One run. Call `step` again and again; each call does one small piece and never waits."""

    def __init__(
        self,
        client: Callable[[], BackendClient],
        shot: Shot | None = None,
        folder: Path | None = None,
        order: Order = A_TAKE,
        finished: bool = False,
    ) -> None:
        """A new run of `shot`, or with `folder` a job that is already on disk.

        With `finished` its result is there and only has to come in.

        `client` gives the backend, starting it where it does not run. Wrong input raises
        InputError here, before anything is started.
        """
        self.stage = FlowStage.BRINGING_IN if finished else FlowStage.STARTING
        self.shot = shot or Shot()
        self.folder = folder
        self.order = order
        self._made_here = folder is None
        self.request: JobRequest | None = None
        self.status: JobStatus | None = None
        self.error: MFError | None = None
        self.warnings: list[tuple[str, str]] = []
        self.statement = ""
        self.sampled = 0
        """Skeletons that were read from the rig."""
        self.strip = ""
        """Name of the strip that the result came in as."""
        self.take_there = False
        """Whether that strip is in the open file, as last looked for."""
        self.started = time.monotonic()
        self._get_client = client
        self._client: BackendClient | None = None
        self._answer: Answer | None = None
        self._facts: ClipFacts | None = None
        self.preparation: Preparation | None = None
        """Makes the job folder; None where that was on disk."""
        self._bringing: BringIn | None = None
        self._cancelled = False
        self._shown = 0.0
        """The longest that its bar was: it never gets shorter."""
        self._named = ""
        """What it is called before its motion was read."""
        if folder is not None:
            self.request = read_request(JobFolder(folder).request)
            self._shown = _PREPARED + _WORKED * read_state(JobFolder(folder).state).overall
            self.destination = Destination(read_origin(self.request.about))
        else:
            self.preparation = self._prepare()
            self._named = take_title(self.shot, self._footage(), self.preparation.motion())

    # -- looking ------------------------------------------------------------------------------

    @property
    def origin(self) -> Origin:
        """Where the job came from."""
        return self.destination.origin

    @property
    def scene_gone(self) -> bool:
        """Whether a finished result has no scene to come to any more."""
        return self.stage is FlowStage.BRINGING_IN and self.destination.scene_gone

    @property
    def starts_anew(self) -> bool:
        """Whether there is nothing on disk to go on with, but its shot is known. Asks the disk."""
        if self.folder is not None and JobFolder(self.folder).request.is_file():
            return False
        return self._made_here

    @property
    def title(self) -> str:
        """What the run is called in lists."""
        if self.origin.title:
            return self.origin.title
        if self.shot.name:
            return self.shot.name
        return self.folder.name if self.folder else self._named

    @property
    def busy(self) -> bool:
        """Whether the next step does work of its own instead of looking what arrived."""
        if self.stage is FlowStage.BRINGING_IN:
            return self._bringing is not None
        return self.stage is FlowStage.SAMPLING

    @property
    def log(self) -> str:
        """Path of the log that explains a failure."""
        if self.status is not None and Path(self.status.log).is_file():
            return self.status.log
        return str(self._client.process.log) if self._client is not None else ""

    def progress(self) -> tuple[float, str]:
        """Share of the whole that is done (0 to 1), which never falls, and a line of words."""
        share, words = self._reached()
        self._shown = max(self._shown, share)
        return (self._shown, words)

    def _reached(self) -> tuple[float, str]:
        if self._cancelled and not self.stage.ended:
            return (0.0, "Stopping")
        if self.stage in (FlowStage.SAMPLING, FlowStage.WRITING) and self.preparation is not None:
            done = self.preparation.progress()
            if done is not None:
                before = _READ if self.stage is FlowStage.WRITING else 0.0
                part = _PREPARED - _READ if self.stage is FlowStage.WRITING else _READ
                return (before + part * done[0], done[1])
        if self.stage is FlowStage.BACKEND and self.status is not None:
            return (_PREPARED + _WORKED * self.status.overall, self.status.sentence())
        if self.stage is FlowStage.FAILED and self.error is not None:
            return (0.0, self.error.message)
        if self.stage is FlowStage.BRINGING_IN:
            return (_PREPARED + _WORKED, self.destination.words())
        if self.stage is FlowStage.DONE and self.order.goal is Goal.JOB:
            return (1.0, "Its job is written, for another machine to work on")
        return (1.0 if self.stage is FlowStage.DONE else 0.0, self.stage.value)

    def look_for_take(self) -> None:
        """Whether the take is still there: it may have been undone, deleted or renamed."""
        if self.stage is not FlowStage.DONE or self.request is None:
            return
        scene = self.destination.find()
        take = strips.find_take(scene, self.request.id) if scene is not None else None
        self.take_there = take is not None
        if take is not None:
            self.strip = str(take.name)

    # -- moving -------------------------------------------------------------------------------

    def step(self) -> FlowStage:
        """Do one small piece of work, or see whether something arrived."""
        try:
            if not self.stage.ended:
                if self._client is not None:
                    self._client.poll()
                if self._cancelled and self.stage is not FlowStage.BACKEND:
                    raise CancelledError()
                _STEPS[self.stage](self)
        except CancelledError as error:
            self._end(FlowStage.CANCELLED, error)
        except MFError as error:
            self._end(FlowStage.FAILED, error)
        except (ReferenceError, RuntimeError) as error:
            self._end(FlowStage.FAILED, _told_by_blender(error))
        except Exception as error:  # noqa: BLE001 - one run's trouble must not stop the others
            traceback.print_exc()
            words = f"Something went wrong in the add-on: {type(error).__name__}: {error}."
            hint = "Start it again; if it stays, Blender's console has the details for a report."
            self._end(FlowStage.FAILED, MFError("unforeseen", words, hint))
        return self.stage

    def run(self, seen: Callable[[RenderFlow], None] | None = None) -> None:
        """Step until the end, blocking; for `blender -b` and scripts."""
        while not self.step().ended:
            if seen is not None:
                seen(self)
            if self.stage is FlowStage.BRINGING_IN and self.destination.find() is None:
                raise MFError("scene-gone", "The scene that the result belongs in is gone.")
            if not self.busy:
                time.sleep(0.02)

    def cancel(self) -> None:
        """Stop as soon as possible; finished stages stay in the job folder."""
        if self.stage.ended or self._cancelled:
            return
        self._cancelled = True
        if self.stage is FlowStage.BACKEND and self.request and self._client:
            self._client.cancel(self.request.id)

    def suspend(self) -> None:
        """Put the scene back as it was (before a save or undo); what was half done begins again."""
        if self.preparation is not None:
            self.preparation.suspend()
        if self._bringing is not None:
            self._bringing.withdraw()
            self._bringing = None

    def leave_file(self) -> None:
        """The file is about to close: what needs its scene cannot go on."""
        self.destination.leave_file()
        if self.stage is FlowStage.BRINGING_IN:
            self.suspend()
        if self.stage in (FlowStage.STARTING, FlowStage.PROBING, FlowStage.SAMPLING):
            self.suspend()
            if self.folder is None:
                self._end(
                    FlowStage.CANCELLED,
                    CancelledError("The file was closed before its motion was read."),
                )

    def _end(self, stage: FlowStage, error: MFError | None) -> None:
        self.suspend()
        if self.preparation is not None:
            self.preparation.close()
        self.stage, self.error = stage, error

    # -- the steps ----------------------------------------------------------------------------

    def _prepare(self) -> Preparation:
        """Remember which scenes the shot is about."""
        named = bpy.data.scenes.get(self.shot.scene) if self.shot.scene else None
        self.destination = Destination(scene=named or compat.sequencer_scene(bpy.context))
        rig_scene = named or bpy.context.scene
        return Preparation(self.shot, rig_scene, self.destination, self.order)

    def _start(self) -> None:
        if self._client is None:
            self._client = self._get_client()
        if self._client.failure is not None:
            raise self._client.failure
        if self._client.state is BackendState.STOPPED:
            raise CancelledError("The backend was stopped.")
        if self._client.state is BackendState.STARTING:
            if time.monotonic() - self.started > _HANDSHAKE_SECONDS:
                raise MFError(
                    "backend-silent",
                    f"The backend did not answer within {_HANDSHAKE_SECONDS:.0f} s.",
                    "Try again, or repair it in the preferences. Its log is "
                    f"{self._client.process.log}",
                )
            return
        if self.folder is not None:
            self._submit()
            return
        self._check_engine(self._client)
        footage = self._footage()
        self._answer = self._client.probe(footage.path, footage.fps)
        self.stage = FlowStage.PROBING

    def _check_engine(self, client: BackendClient) -> None:
        """Say before the motion is read that the engine cannot run (with default weights)."""
        settings = self.shot.settings
        if client.handshake is None or settings.weights or self.order.goal is not Goal.TAKE:
            return
        lacks = client.handshake.engine_missing(settings.engine)
        if lacks:
            raise MissingComponentError("engine-missing", lacks)

    def _footage(self) -> Footage:
        return resolve(self.destination.need(), self.shot)

    def _probe(self) -> None:
        assert self._answer is not None
        if self._answer.here:
            self._facts = clip_facts(self._answer)
            self.stage = FlowStage.SAMPLING

    def _sample(self) -> None:
        if compat.rendering():
            return
        assert self.preparation is not None and self._facts is not None
        if self.preparation.read(self._facts):
            self.sampled = self.preparation.sampled
            self.warnings = list(self.preparation.warnings)
            self.stage = FlowStage.WRITING
        self.statement = self.preparation.statement

    def _write(self) -> None:
        assert self.preparation is not None
        written = self.preparation.written()
        if written is None:
            return
        self.request, self.folder = written
        if self.order.goal is not Goal.TAKE:
            self._end(FlowStage.DONE, None)
        else:
            self._submit()

    def _submit(self) -> None:
        assert self._client is not None and self.request is not None and self.folder is not None
        self.status = self._client.run_job(self.request.id, self.folder)
        self.status.count = self.request.reference.count
        self.stage = FlowStage.BACKEND

    def _watch(self) -> None:
        assert self.status is not None
        if self.status.phase is JobPhase.DONE:
            # The next step brings it home, so that no single one takes long.
            self.stage = FlowStage.BRINGING_IN
        elif self.status.phase.ended:
            raise self.status.error or MFError("job-failed", "The job failed.")

    def _bring_in(self) -> None:
        """Place the strip, in pieces, while the right file is open and nothing is rendered."""
        assert self.request is not None and self.folder is not None
        scene = self.destination.find()
        if scene is None or compat.rendering():
            return
        if not self.strip or strips.find_take(scene, self.request.id) is None:
            if self._bringing is None:
                job = JobFolder(self.folder)
                self._bringing = BringIn(job, self.request, self.origin, self.warnings)
            self.strip = self._bringing.step(scene)
            if self.strip:
                self._bringing = None
            # The step of undo, which a heavy file makes long, comes with the next call.
            return
        home_scene.show_new_take(scene)
        self._end(FlowStage.DONE, None)
        self.take_there = True


_STEPS: dict[FlowStage, Callable[[RenderFlow], None]] = {
    FlowStage.STARTING: RenderFlow._start,
    FlowStage.PROBING: RenderFlow._probe,
    FlowStage.SAMPLING: RenderFlow._sample,
    FlowStage.WRITING: RenderFlow._write,
    FlowStage.BACKEND: RenderFlow._watch,
    FlowStage.BRINGING_IN: RenderFlow._bring_in,
}
