"""Answers a client's messages and works off its jobs, until the client goes away.

The main thread does the jobs. A reader sees requests, cancel and end of input while a step runs; it
never touches a path itself: workers do, each request in a thread of its own, so that a drive which
does not answer holds up nobody else. One more thread repeats progress where a step takes longer
than two seconds.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from mf_backend.contracts.checks.fields import shown
from mf_backend.contracts.errors import CancelledError, InputError, MFError
from mf_backend.contracts.failures import describe
from mf_backend.contracts.machine.resources import release_memory
from mf_backend.contracts.request import Reference
from mf_backend.jobs.disk.folder import read_job
from mf_backend.protocol import messages
from mf_backend.protocol.job_voice import JobVoice
from mf_backend.protocol.messages import (
    PROGRESS_SECONDS,
    PROTOCOL,
    ErrorNumber,
    Method,
    Notice,
)
from mf_backend.protocol.outgoing import Outgoing
from mf_backend.protocol.parameters import (
    ActorAnalyse,
    ActorTune,
    ClipProbe,
    FramePreview,
    JobCancel,
    JobRun,
    MemoryQuestion,
    read_params,
)
from mf_backend.protocol.queue import JobQueue, QueuedJob
from mf_backend.protocol.replies import Replies, Reply
from mf_backend.protocol.work import AnalysisWork, JobWork, TuningWork
from mf_backend.protocol.workers import Turns, Workers

_log = logging.getLogger(__name__)

GRACE_SECONDS = 1.5
"""How long a running step may take to stop once the client is gone; then the process ends anyway.

Nothing is lost by that: files appear whole or not at all, and finished stages are kept."""

_LAST_WORD_SECONDS = 0.5

_MOST_WORKERS = 24
"""Requests that may hang at the same time before one more waits for them."""

T = TypeVar("T")


class Server:
    """One client, one process."""

    def __init__(
        self,
        incoming: BinaryIO,
        outgoing: BinaryIO,
        initialize: Callable[[], dict[str, Any]],
        probe: Callable[[ClipProbe], dict[str, Any]],
        preview: Callable[[FramePreview], dict[str, Any]],
        memory_need: Callable[[MemoryQuestion], dict[str, Any]],
        end: Callable[[int], None] = os._exit,
    ) -> None:
        self._incoming = incoming
        self._out = Outgoing(outgoing, self.stop)
        self._initialize = initialize
        self._replies = Replies(self._out)
        self._work: dict[str, Callable[[Reply, dict[str, Any]], None]] = {
            Method.INITIALIZE: self._greet,
            Method.CLIP_PROBE: _teller(Method.CLIP_PROBE, ClipProbe, probe),
            Method.FRAME_PREVIEW: _teller(Method.FRAME_PREVIEW, FramePreview, preview),
            Method.MEMORY_NEED: _teller(Method.MEMORY_NEED, MemoryQuestion, memory_need),
        }
        self._ordered: dict[str, Callable[[Reply, dict[str, Any], int], None]] = {
            Method.JOB_RUN: self._run_job,
            Method.JOB_CANCEL: self._cancel_job,
            Method.ACTOR_ANALYSE: self._analyse,
            Method.ACTOR_TUNE: self._tune,
        }
        self._workers = Workers(_MOST_WORKERS)
        self._turns = Turns()
        self._end = end
        self._jobs = JobQueue()
        self._ending = threading.Event()
        self._voice: JobVoice | None = None
        self._doing: QueuedJob | None = None
        """The running job, until its end was told."""
        self._end_lock = threading.Lock()

    def serve(self) -> None:
        """Work until the client goes away or says `shutdown`."""
        for work, name in (
            (self._read, "reader"),
            (self._beat, "heartbeat"),
        ):
            threading.Thread(target=work, name=name, daemon=True).start()
        while (job := self._jobs.next()) is not None:
            try:
                notice, params = self._do(job)
            finally:
                release_memory()
                self._jobs.finished()
            # Only now: whoever hears of the end may hand the same folder over again at once.
            self._tell_end(job, notice, params)
        self._replies.end(_LAST_WORD_SECONDS)

    def _tell_end(self, job: QueuedJob, notice: Notice, params: dict[str, Any]) -> None:
        """Say how the running job ended; once, whoever comes first."""
        with self._end_lock:
            if self._doing is not job:
                return
            self._doing = None
        self._out.notify(notice, params)

    def stop(self) -> None:
        """Cancel what runs and end the process soon, whatever it is doing."""
        if self._ending.is_set():
            return
        self._ending.set()
        self._jobs.close()
        timer = threading.Timer(GRACE_SECONDS, self._end_now)
        timer.daemon = True
        timer.start()

    def _end_now(self) -> None:
        """End the process in the middle of a step, after telling of the job if anyone listens."""
        # In a thread of its own: a client that no longer reads holds up whoever writes to it.
        teller = threading.Thread(target=self._say_last, daemon=True)
        teller.start()
        teller.join(_LAST_WORD_SECONDS)
        self._end(0)

    def _say_last(self) -> None:
        job = self._doing
        if job is not None:
            self._tell_end(job, *self._failure(job, CancelledError()))
        self._replies.end(0)

    # -- jobs (main thread) -------------------------------------------------------------------

    def _do(self, job: QueuedJob) -> tuple[Notice, dict[str, Any]]:
        """Run one job; how its end is told."""
        voice = JobVoice(job, self._out)
        self._voice, self._doing = voice, job
        try:
            notice, told = job.work.run(voice, job.cancelled, voice.start)
        except Exception as error:  # noqa: BLE001 - the server outlives every job
            self._silence(voice)
            if not isinstance(error, MFError):
                _log.exception("job %s", job.id)
            log = Path(job.work.log) if job.work.log else None
            return self._failure(job, describe(error, log=log))
        self._silence(voice)
        return notice, {**told, "id": job.id}

    def _silence(self, voice: JobVoice) -> None:
        self._voice = None
        voice.end()

    def _failure(self, job: QueuedJob, error: MFError) -> tuple[Notice, dict[str, Any]]:
        told = messages.error_data(error)
        return Notice.FAILED, {"id": job.id, **told, "log": job.work.log}

    def _beat(self) -> None:
        while not self._ending.wait(PROGRESS_SECONDS / 4):
            voice = self._voice
            if voice is not None:
                voice.repeat()

    # -- requests (reader thread) -------------------------------------------------------------

    def _read(self) -> None:
        try:
            for line in messages.read_lines(self._incoming):
                try:
                    message = messages.decode(line)
                except messages.LineError as error:
                    self._out.send(messages.error(None, error.number, error.message))
                    continue
                self._take(message)
                if self._ending.is_set():
                    return
        except OSError:
            _log.exception("the input broke")
        self.stop()

    def _take(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if not isinstance(method, str):
            if "result" not in message and "error" not in message:
                self._refuse(None, ErrorNumber.INVALID_REQUEST, "A message needs a method.")
            return
        if isinstance(number, bool) or not isinstance(number, int | str | None):
            self._refuse(None, ErrorNumber.INVALID_REQUEST, "An id is a number or a string.")
            return
        params = message.get("params", {})
        if not isinstance(params, dict):
            self._refuse(number, ErrorNumber.INVALID_PARAMS, "`params` must be an object.")
        elif method in self._work:
            reply = self._replies.open(number)
            self._workers.do(partial(_guarded, reply, partial(self._work[method], reply, params)))
        elif method in self._ordered:
            reply, turn = self._replies.open(number), self._turns.take()
            self._workers.do(partial(self._in_turn, reply, turn, self._ordered[method], params))
        elif method == Method.SHUTDOWN:
            self._replies.open(number).result({})
            self.stop()
        elif "id" in message:
            self._refuse(
                number, ErrorNumber.UNKNOWN_METHOD, f"This backend knows no method {shown(method)}."
            )

    def _refuse(self, number: messages.MessageId, why: ErrorNumber, text: str) -> None:
        self._replies.open(number).refuse(why, InputError("protocol", text))

    # -- requests (workers) -------------------------------------------------------------------

    def _in_turn(
        self,
        reply: Reply,
        turn: int,
        work: Callable[[Reply, dict[str, Any], int], None],
        params: dict[str, Any],
    ) -> None:
        """Do what changes the queue of jobs in the order in which it was asked."""
        try:
            _guarded(reply, partial(work, reply, params, turn))
        finally:
            self._turns.done(turn)

    def _run_job(self, reply: Reply, params: dict[str, Any], turn: int) -> None:
        asked = read_params(JobRun, Method.JOB_RUN, params)

        def accepted(job_id: str, position: int) -> None:
            reply.result({"id": job_id, "position": position})

        job, request = read_job(Path(asked.folder))
        self._turns.wait(turn)
        self._jobs.add(JobWork(job.path), request.id, accepted)

    def _analyse(self, reply: Reply, params: dict[str, Any], turn: int) -> None:
        asked = read_params(ActorAnalyse, Method.ACTOR_ANALYSE, params)
        work = AnalysisWork(Path(asked.actors), _reference(asked), asked.settings)
        self._add(work, asked.id, reply, turn)

    def _tune(self, reply: Reply, params: dict[str, Any], turn: int) -> None:
        asked = read_params(ActorTune, Method.ACTOR_TUNE, params)
        work = TuningWork(Path(asked.actors), _reference(asked), asked.settings, steps=asked.steps)
        self._add(work, asked.id, reply, turn)

    def _add(self, work: AnalysisWork, work_id: str, reply: Reply, turn: int) -> None:
        self._turns.wait(turn)
        self._jobs.add(
            work,
            work_id,
            lambda job_id, position: reply.result({"id": job_id, "position": position}),
        )

    def _cancel_job(self, reply: Reply, params: dict[str, Any], turn: int) -> None:
        job_id = read_params(JobCancel, Method.JOB_CANCEL, params).id
        self._turns.wait(turn)
        job, waiting = self._jobs.cancel(job_id)
        reply.result({"id": job_id, "known": job is not None})
        if job is not None and waiting:
            try:
                job.work.cancel_waiting()
            finally:
                self._out.notify(*self._failure(job, CancelledError("Cancelled before it began.")))

    def _greet(self, reply: Reply, params: dict[str, Any]) -> None:
        spoken = params.get("protocol")
        if isinstance(spoken, bool) or spoken != PROTOCOL:
            told = InputError(
                "wrong-protocol",
                f"The add-on speaks protocol {shown(spoken)}, but this backend speaks protocol "
                f"{PROTOCOL}.",
                "Update the add-on and the backend to the same version.",
            )
            reply.refuse(ErrorNumber.WRONG_PROTOCOL, told)
            return
        reply.result(self._initialize())


def _reference(asked: ActorAnalyse) -> Reference:
    return Reference(asked.path, asked.kind, asked.first, asked.count, asked.fps)


def _teller(
    method: Method, cls: type[T], tell: Callable[[T], dict[str, Any]]
) -> Callable[[Reply, dict[str, Any]], None]:
    """Work that reads a request's parameters and answers with what `tell` says."""

    def work(reply: Reply, params: dict[str, Any]) -> None:
        reply.result(tell(read_params(cls, method, params)))

    return work


def _guarded(reply: Reply, work: Callable[[], None]) -> None:
    """Do what was asked; whatever goes wrong becomes the answer."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - the server outlives every request
        reply.error(error)
