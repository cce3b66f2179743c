"""The add-on's side of the protocol: handshake, questions, jobs. Never waits, never touches bpy."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import CancelledError, InputError, MFError
from mf_backend.contracts.request import Reference, Settings
from mf_backend.protocol import messages
from mf_backend.version import VERSION

from .process import BackendProcess
from .state import (
    BackendState,
    ClipFacts,
    Handshake,
    JobPhase,
    JobStatus,
    read_clip,
    read_handshake,
)


@dataclass
class Answer:
    """A question that was asked; `value` or `error` is filled in by `poll`."""

    value: dict[str, Any] | None = None
    error: MFError | None = None

    @property
    def here(self) -> bool:
        """Whether the answer arrived."""
        return self.value is not None or self.error is not None

    def take(self) -> dict[str, Any]:
        """The answer's value; raises the error that came instead."""
        if self.error is not None:
            raise self.error
        assert self.value is not None
        return self.value


class BackendClient:
    """Speaks with one backend process. Call `poll` often; read `state`, `jobs` and answers."""

    def __init__(self, process: BackendProcess, client: str) -> None:
        self.process = process
        self.state = BackendState.STARTING
        self.handshake: Handshake | None = None
        self.failure: MFError | None = None
        self.jobs: dict[str, JobStatus] = {}
        self._asked: dict[int, Callable[[Answer], None]] = {}
        self._number = 0
        self._ask(
            messages.Method.INITIALIZE,
            {"protocol": messages.PROTOCOL, "client": {"name": client, "version": VERSION}},
            self._greeted,
        )

    # -- asking -------------------------------------------------------------------------------

    def _ask(self, method: str, params: dict[str, Any], then: Callable[[Answer], None]) -> None:
        self._number += 1
        self._asked[self._number] = then
        self.process.send(messages.request(self._number, method, params))

    def ask(self, method: str, params: dict[str, Any]) -> Answer:
        """Send a question; the Answer fills in during a later `poll`."""
        answer = Answer(error=self.failure)
        if self.failure is None:

            def arrive(got: Answer) -> None:
                answer.value, answer.error = got.value, got.error

            self._ask(method, params, arrive)
        return answer

    def probe(self, path: Path, fps: float = 0.0) -> Answer:
        """Ask what a clip is; read the answer with `clip_facts`."""
        return self.ask(messages.Method.CLIP_PROBE, {"path": str(path), "fps": fps})

    def run_job(self, job_id: str, folder: Path) -> JobStatus:
        """Hand a job folder over. The status returned goes on changing during `poll`."""
        status = JobStatus(id=job_id, folder=folder, log=str(folder / "log.txt"))
        return self._hand_over(status, messages.Method.JOB_RUN, {"folder": str(folder)})

    def analyse(
        self, work_id: str, reference: Reference, actors: Path, settings: Settings
    ) -> JobStatus:
        """Have the actor of a clip analysed into a folder of actors; cancelled like a job."""
        status = JobStatus(id=work_id, folder=actors, count=reference.count)
        asked = _of_actor(work_id, reference, actors, settings)
        return self._hand_over(status, messages.Method.ACTOR_ANALYSE, asked)

    def tune(
        self, work_id: str, reference: Reference, actors: Path, settings: Settings, steps: int = 0
    ) -> JobStatus:
        """Have the settings' engine learn a clip, beside its actor; 0 steps stand for its own."""
        status = JobStatus(id=work_id, folder=actors)
        asked = _of_actor(work_id, reference, actors, settings)
        return self._hand_over(status, messages.Method.ACTOR_TUNE, {**asked, "steps": steps})

    def _hand_over(self, status: JobStatus, method: str, params: dict[str, Any]) -> JobStatus:
        self.jobs[status.id] = status
        if self.failure is not None:
            status.phase, status.error = JobPhase.FAILED, self.failure
            return status

        def accepted(answer: Answer) -> None:
            if answer.error is not None:
                _fail(status, answer.error)
            elif status.phase is JobPhase.SUBMITTED:
                status.position = int((answer.value or {}).get("position") or 0)
                status.phase = JobPhase.QUEUED

        self._ask(method, params, accepted)
        return status

    def cancel(self, job_id: str) -> None:
        """Ask for a job to stop; it ends as CANCELLED once the backend has stopped it."""
        if self.state in (BackendState.READY, BackendState.STARTING):
            self.ask(messages.Method.JOB_CANCEL, {"id": job_id})

    def close(self) -> None:
        """End the backend; jobs that had not ended can be started again later."""
        self.process.close()
        self.state = BackendState.STOPPED
        self._end_all(CancelledError("The backend was stopped; finished stages are kept."))

    # -- hearing ------------------------------------------------------------------------------

    def poll(self) -> None:
        """Take in everything that arrived, and notice a process that is gone."""
        for message in self.process.poll():
            self._take(message)
        if self.process.ended and self.state in (BackendState.STARTING, BackendState.READY):
            self._die(self.process.death())

    def _take(self, message: dict[str, Any]) -> None:
        params = message.get("params")
        if "method" in message:
            if isinstance(params, dict):
                self._hear(str(message["method"]), params)
            return
        number = message.get("id")
        then = self._asked.pop(number, None) if isinstance(number, int) else None
        if then is None:
            return
        if "error" in message:
            raw = message["error"] if isinstance(message["error"], dict) else {}
            data = raw.get("data")
            text = str(raw.get("message", ""))
            if raw.get("code") == messages.ErrorNumber.WRONG_PROTOCOL:
                error: MFError = _protocol_error(text)
            else:
                error = messages.error_from(
                    data if isinstance(data, dict) else {"message": text}, text
                )
            then(Answer(error=error))
        else:
            value = message.get("result")
            then(Answer(value=value if isinstance(value, dict) else {}))

    def _greeted(self, answer: Answer) -> None:
        if answer.error is not None:
            self._die(answer.error)
            return
        value = answer.take()
        if value.get("protocol") != messages.PROTOCOL:
            self._die(
                _protocol_error(
                    f"The backend speaks protocol {value.get('protocol')}, "
                    f"the add-on {messages.PROTOCOL}."
                )
            )
            return
        self.handshake = read_handshake(value)
        self.state = BackendState.READY

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        status = self.jobs.get(str(params.get("id")))
        if status is None or status.phase.ended:
            return
        status.heard = time.monotonic()
        if method == messages.Notice.PROGRESS:
            status.phase = JobPhase.RUNNING
            status.stage = str(params.get("stage") or "")
            status.step = int(params.get("step") or 0)
            status.total = int(params.get("total") or 0)
            status.overall = float(params.get("overall") or 0.0)
            left = params.get("seconds_left")
            status.seconds_left = None if left is None else float(left)
            status.note = str(params.get("note") or "")
            status.frame = str(params.get("frame") or "") or status.frame
            status.memory_bytes = int(params.get("memory_bytes") or 0)
        elif method == messages.Notice.WARNING:
            status.warnings.append((str(params.get("code")), str(params.get("message"))))
        elif method == messages.Notice.DONE:
            status.frames = str(params.get("frames") or "")
            status.mp4 = str(params.get("mp4") or "")
            status.report = str(params.get("report") or "")
            status.count = int(params.get("count") or status.count)
            status.overall, status.seconds_left = 1.0, None
            status.phase = JobPhase.DONE
        elif method in (messages.Notice.ANALYSED, messages.Notice.TUNED):
            status.actor = str(params.get("actor") or "")
            status.adapter = str(params.get("adapter") or "")
            gained = (params.get("before"), params.get("after"))
            status.decibels = tuple(float(value or 0.0) for value in gained)
            status.looks = tuple(
                item for item in params.get("looks") or () if isinstance(item, dict)
            )
            status.overall, status.seconds_left = 1.0, None
            status.phase = JobPhase.DONE
        elif method == messages.Notice.FAILED:
            status.log = str(params.get("log") or status.log)
            _fail(status, messages.error_from(params))

    def _die(self, error: MFError) -> None:
        self.failure = error
        self.state = BackendState.FAILED
        self._end_all(error)

    def _end_all(self, error: MFError) -> None:
        asked, self._asked = self._asked, {}
        for then in asked.values():
            if then != self._greeted:
                then(Answer(error=error))
        for status in self.jobs.values():
            if not status.phase.ended:
                status.log = str(self.process.log)
                _fail(status, error)


def _of_actor(
    work_id: str, reference: Reference, actors: Path, settings: Settings
) -> dict[str, Any]:
    """Parameters of what is asked about a clip's actor."""
    about = dataclasses.asdict(reference)
    asked = {name: about[name] for name in ("path", "kind", "first", "count", "fps")}
    plain = dataclasses.asdict(settings)
    return {"id": work_id, **asked, "actors": str(actors), "settings": plain}


def _fail(status: JobStatus, error: MFError) -> None:
    status.error = error
    cancelled = isinstance(error, CancelledError)
    status.phase = JobPhase.CANCELLED if cancelled else JobPhase.FAILED


def _protocol_error(text: str) -> MFError:
    return InputError(
        "backend-protocol",
        text or "The backend and the add-on are of versions that do not go together.",
        "Bring the backend up to date in the add-on's preferences.",
    )


def clip_facts(answer: Answer) -> ClipFacts:
    """The clip an answered `probe` is about; raises what the backend said instead."""
    try:
        return read_clip(answer.take())
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(
            "clip-unknown",
            f"The backend's answer about the clip is not usable: {error}.",
            "Repair the backend in the add-on's preferences.",
        ) from error
