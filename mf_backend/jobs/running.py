"""What every run of a job does: progress, warnings, state.json, and telling how it ended."""

from __future__ import annotations

import datetime
import logging
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

from mf_backend.contracts.disk.links import refuse_links
from mf_backend.contracts.errors import BusyError, CancelledError, MFError, OutputError
from mf_backend.contracts.failures import NO_USE, describe, is_lasting
from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.disk.folder import FolderIdentity, JobFolder
from mf_backend.jobs.disk.lock import Hold, this_worker
from mf_backend.jobs.disk.state import Status, is_damaged, read_state, write_state
from mf_backend.jobs.options import JobResult
from mf_backend.jobs.record.codes import FOUND_ONCE
from mf_backend.jobs.record.inputs import InputWatch
from mf_backend.jobs.record.warned import Warned
from mf_backend.jobs.stages.costs import expected_seconds
from mf_backend.jobs.stages.names import READ
from mf_backend.jobs.tracker import JobListener, JobTracker, Progress

_log = logging.getLogger(__name__)
WARNED = "warned"
"""The fact that holds what each stage warned of."""
_STATE_SECONDS = 1.0
"""Steps inside a stage are written to state.json at most this often."""


def now() -> str:
    """The time for state.json and the report."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


class Run(ABC):
    """One run of one job, or of a part of it: progress, warnings, state.json, and its end.

    To be used while the job is held and its log takes what is printed.
    """

    def __init__(
        self,
        job: JobFolder,
        request: JobRequest,
        until: str,
        listener: JobListener,
        cancelled: threading.Event,
        held: Hold,
    ) -> None:
        self.job = job
        self.request = request
        self.until = until
        self.listener = listener
        self.held = held
        self.identity = FolderIdentity.of(job.path)
        self.watch = InputWatch()
        self.damaged = is_damaged(job.state)
        self.state = read_state(job.state)
        self.warned = Warned(self.state.facts.get(WARNED))
        self.doing = READ
        self._written = 0.0
        expected = self.expected(request.reference.count or 100)
        reached = self.state.overall
        self.tracker = JobTracker(
            self, cancelled, expected, self._on_step, reached, on_check=held.check
        )

    @abstractmethod
    def work(self) -> JobResult:
        """Do it, and return what was left."""

    def expected(self, count: int) -> dict[str, float]:
        """Seconds that each stage of this run may take for `count` frames."""
        costs = expected_seconds(self.request, count)
        names = list(costs)
        return {name: costs[name] for name in names[: names.index(self.until) + 1]}

    # -- what the tracker tells ---------------------------------------------------------------

    def progress(self, progress: Progress) -> None:
        """See JobListener."""
        self.listener.progress(progress)

    def warning(self, code: str, message: str) -> None:
        """See JobListener; kept for the report, once each."""
        if (code, message) in self.state.warnings:
            return
        _log.warning("%s: %s", code, message)
        if code not in FOUND_ONCE and self.doing != READ:
            self.warned.add(self.doing, code, message)
            self.fact(WARNED, self.warned.plain())
        self.state = replace(self.state, warnings=(*self.state.warnings, (code, message)))
        self.listener.warning(code, message)

    def _on_step(self, progress: Progress) -> None:
        self.identity.check()
        if any(folder.is_symlink() for folder in self.job.folders):
            # One has come while we work: is it a place outside?
            refuse_links(self.job.path)
        self.state = replace(
            self.state,
            stage=progress.stage,
            step=progress.step,
            total=progress.total,
            overall=round(progress.overall, 4),
            seconds_left=progress.seconds_left,
        )
        if time.monotonic() - self._written > _STATE_SECONDS:
            self.save()

    def save(self) -> None:
        """Write the state. Raises BusyError and OutputError where the folder is no longer ours."""
        self.held.check()
        self.identity.check()
        write_state(self.job.state, self.state)
        self._written = time.monotonic()

    # -- the run ------------------------------------------------------------------------------

    def perform(self) -> JobResult:
        """All of it; on failure state.json says what happened before the error is raised."""
        _log.info("job %s in %s", self.request.id, self.job.path)
        try:
            return self.work()
        except BusyError:
            # The folder is another's now, and its state and log as well.
            raise
        except BaseException as error:
            told = describe(self._cause(error), self.doing, self.job.log)
            cancelled = isinstance(told, CancelledError)
            if told.code != "internal" or isinstance(error, MFError):
                _log.error("%s stage %s: %s", told.code, self.doing, told)
            else:
                _log.exception("%s stage %s: %s", told.code, self.doing, told)
            status = Status.CANCELLED if cancelled else Status.FAILED
            data = {
                "code": told.code,
                "message": told.message,
                "hint": told.hint,
                "exit_code": int(told.exit_code),
            }
            self.state = replace(self.state, status=status, error=data)
            try:
                self.save()
            except MFError as second:
                # The first error is what the person must hear; a full disk often causes both.
                _log.error("state.json could not be written: %s", second)
            if is_lasting(told):
                _log.error(NO_USE)
            raise told from error

    def _cause(self, error: BaseException) -> BaseException:
        """The error to tell: a folder that is gone is why its files cannot be read or written.

        Raises BusyError where it is another worker's by now, who may have cleared away what this
        one was writing.
        """
        try:
            self.held.check()
            self.identity.check()
        except OutputError as gone:
            return error if isinstance(error, CancelledError) else gone
        return error

    def begin(self) -> None:
        """Say in state.json that the work has begun, and by whom."""
        began = now()
        facts = {"started": began, **self.state.facts}
        self.state = replace(
            self.state, status=Status.RUNNING, error=None, facts=facts, worker=this_worker(began)
        )

    def known(self, name: str) -> Any:
        """A fact that this or an earlier run noted; None where none did."""
        return self.state.facts.get(name)

    def fact(self, name: str, value: object) -> None:
        """Note something for the report."""
        self.state = replace(self.state, facts={**self.state.facts, name: value})
