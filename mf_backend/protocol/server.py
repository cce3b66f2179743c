"""Answers a client's messages and works off its jobs, until the client goes away.

Three threads: the main one does the jobs; a reader sees requests, cancel and end of input while a
step runs; an answerer takes questions that need a moment (devices, clips, single frames), so that
they do not hold up cancel. A fourth repeats progress where a step takes longer than two seconds.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from mf_backend.contracts.errors import CancelledError, InputError, MFError
from mf_backend.contracts.failures import describe
from mf_backend.contracts.resources import release_memory, resident_bytes
from mf_backend.jobs.folder import JobFolder
from mf_backend.jobs.runner import mark_cancelled, run_job
from mf_backend.jobs.tracker import JobTracker, Progress
from mf_backend.protocol import messages
from mf_backend.protocol.messages import (
    PROGRESS_SECONDS,
    PROTOCOL,
    ErrorNumber,
    Method,
    Notice,
)
from mf_backend.protocol.outgoing import Outgoing
from mf_backend.protocol.queue import JobQueue, QueuedJob

_log = logging.getLogger(__name__)

GRACE_SECONDS = 1.5
"""How long a running step may take to stop once the client is gone; then the process ends anyway.

Nothing is lost by that: files appear whole or not at all, and finished stages are kept."""

_LAST_WORD_SECONDS = 0.5

_SHORTEST_PAUSE = 0.1
"""Progress inside a stage is sent at most this often."""


class JobVoice:
    """Tells the client how one job is doing."""

    def __init__(self, job: QueuedJob, out: Outgoing) -> None:
        self._job = job
        self._out = out
        self._tracker: JobTracker | None = None
        self._stage = ""
        self._sent = 0.0
        self._lock = threading.Lock()

    def start(self, tracker: JobTracker, former_stderr: int) -> None:
        """The job's tracker can be asked from now on."""
        self._tracker = tracker

    def progress(self, progress: Progress) -> None:
        """See JobListener."""
        with self._lock:
            new = progress.stage != self._stage
            last = progress.total > 0 and progress.step >= progress.total
            if new or last or time.monotonic() - self._sent >= _SHORTEST_PAUSE:
                self._send(progress)

    def warning(self, code: str, message: str) -> None:
        """See JobListener."""
        self._out.notify(Notice.WARNING, {"id": self._job.id, "code": code, "message": message})

    def repeat(self) -> None:
        """Say again how far the job is, if nothing was said for a while."""
        with self._lock:
            due = time.monotonic() - self._sent >= PROGRESS_SECONDS / 2
            if due and self._tracker is not None:
                self._send(self._tracker.snapshot())

    def end(self) -> None:
        """Nothing more is said once the job's end is told."""
        with self._lock:
            self._tracker = None

    def _send(self, progress: Progress) -> None:
        self._stage, self._sent = progress.stage, time.monotonic()
        left = progress.seconds_left
        self._out.notify(
            Notice.PROGRESS,
            {
                "id": self._job.id,
                "stage": progress.stage,
                "step": progress.step,
                "total": progress.total,
                "overall": round(progress.overall, 4),
                "seconds_left": None if left is None else round(left, 1),
                "note": progress.note,
                "frame": progress.frame,
                "memory_bytes": resident_bytes(),
            },
        )


class Server:
    """One client, one process."""

    def __init__(
        self,
        incoming: BinaryIO,
        outgoing: BinaryIO,
        initialize: Callable[[], dict[str, Any]],
        probe: Callable[[dict[str, Any]], dict[str, Any]],
        preview: Callable[[dict[str, Any]], dict[str, Any]],
        memory_need: Callable[[dict[str, Any]], dict[str, Any]],
        end: Callable[[int], None] = os._exit,
    ) -> None:
        self._incoming = incoming
        self._out = Outgoing(outgoing, self.stop)
        self._initialize = initialize
        self._told = {
            Method.CLIP_PROBE: probe,
            Method.FRAME_PREVIEW: preview,
            Method.MEMORY_NEED: memory_need,
        }
        self._end = end
        self._jobs = JobQueue()
        self._questions: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._voice: JobVoice | None = None
        self._doing: QueuedJob | None = None
        """The running job, until its end was told."""
        self._end_lock = threading.Lock()

    def serve(self) -> None:
        """Work until the client goes away or says `shutdown`."""
        for work, name in (
            (self._read, "reader"),
            (self._answer_questions, "answerer"),
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
        job = self._doing
        if job is not None:
            # In a thread of its own: a client that no longer reads holds up whoever writes to it.
            told = self._failure(job, CancelledError())
            teller = threading.Thread(target=self._tell_end, args=(job, *told), daemon=True)
            teller.start()
            teller.join(_LAST_WORD_SECONDS)
        self._end(0)

    # -- jobs (main thread) -------------------------------------------------------------------

    def _do(self, job: QueuedJob) -> tuple[Notice, dict[str, Any]]:
        """Run one job; how its end is told."""
        voice = JobVoice(job, self._out)
        self._voice, self._doing = voice, job
        try:
            result = run_job(job.folder, voice, job.cancelled, echo=True, on_start=voice.start)
        except Exception as error:  # noqa: BLE001 - the server outlives every job
            self._silence(voice)
            if not isinstance(error, MFError):
                _log.exception("job %s", job.id)
            return self._failure(job, describe(error, log=JobFolder(job.folder).log))
        self._silence(voice)
        return Notice.DONE, {
            "id": result.id,
            "frames": str(result.frames),
            "mp4": str(result.mp4),
            "report": str(result.report),
            "count": result.count,
        }

    def _silence(self, voice: JobVoice) -> None:
        self._voice = None
        voice.end()

    def _failure(self, job: QueuedJob, error: MFError) -> tuple[Notice, dict[str, Any]]:
        log = str(JobFolder(job.folder).log)
        return Notice.FAILED, {"id": job.id, **messages.error_data(error), "log": log}

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
            return
        if method == Method.INITIALIZE or method in self._told:
            self._questions.put({"method": method, "id": number, "params": params})
        elif method == Method.JOB_RUN:
            self._guard(number, partial(self._run_job, number, params))
        elif method == Method.JOB_CANCEL:
            self._guard(number, partial(self._cancel_job, number, params))
        elif method == Method.SHUTDOWN:
            self._out.send(messages.result(number, {}))
            self.stop()
        elif "id" in message:
            self._refuse(
                number, ErrorNumber.UNKNOWN_METHOD, f"This backend knows no method {method[:80]!r}."
            )

    def _refuse(self, number: messages.MessageId, why: ErrorNumber, text: str) -> None:
        data = messages.error_data(InputError("protocol", text))
        self._out.send(messages.error(number, why, text, data))

    def _guard(self, number: messages.MessageId, work: Callable[[], None]) -> None:
        """Do what was asked; whatever goes wrong becomes the answer."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the server outlives every request
            told = describe(error)
            expected = isinstance(error, MFError)
            if not expected:
                _log.exception("a request failed")
            why = ErrorNumber.REFUSED if expected else ErrorNumber.INTERNAL
            self._out.send(messages.error(number, why, told.message, messages.error_data(told)))

    def _run_job(self, number: messages.MessageId, params: dict[str, Any]) -> None:
        folder = params.get("folder")
        if not isinstance(folder, str) or not folder:
            raise InputError("usage", "job/run needs the job's folder.")

        def accepted(job_id: str, position: int) -> None:
            self._out.send(messages.result(number, {"id": job_id, "position": position}))

        self._jobs.add(Path(folder), accepted)

    def _cancel_job(self, number: messages.MessageId, params: dict[str, Any]) -> None:
        job_id = params.get("id")
        if not isinstance(job_id, str):
            raise InputError("usage", "job/cancel needs the job's id.")
        job, waiting = self._jobs.cancel(job_id)
        self._out.send(messages.result(number, {"id": job_id, "known": job is not None}))
        if job is not None and waiting:
            try:
                mark_cancelled(job.folder)
            finally:
                self._out.notify(*self._failure(job, CancelledError("Cancelled before it began.")))

    # -- questions (answerer thread) ----------------------------------------------------------

    def _answer_questions(self) -> None:
        while True:
            question = self._questions.get()
            number, params = question["id"], question["params"]
            tell = self._told.get(question["method"])
            work = self._greet if tell is None else partial(self._tell, tell)
            self._guard(number, partial(work, number, params))

    def _tell(
        self,
        tell: Callable[[dict[str, Any]], dict[str, Any]],
        number: messages.MessageId,
        params: dict[str, Any],
    ) -> None:
        self._out.send(messages.result(number, tell(params)))

    def _greet(self, number: messages.MessageId, params: dict[str, Any]) -> None:
        if params.get("protocol") != PROTOCOL:
            text = (
                f"The add-on speaks protocol {params.get('protocol')!r}, but this backend "
                f"speaks protocol {PROTOCOL}."
            )
            hint = "Update the add-on and the backend to the same version."
            data = messages.error_data(InputError("wrong-protocol", text, hint))
            self._out.send(messages.error(number, ErrorNumber.WRONG_PROTOCOL, text, data))
            return
        self._out.send(messages.result(number, self._initialize()))
