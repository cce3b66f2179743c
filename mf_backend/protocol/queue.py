"""Jobs in order: one runs, the rest wait; each can be cancelled."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mf_backend.contracts.errors import InputError
from mf_backend.protocol.work import Work


@dataclass
class QueuedJob:
    """Work that was handed over."""

    id: str
    work: Work
    cancelled: threading.Event = field(default_factory=threading.Event)


class JobQueue:
    """Shared by the thread that reads requests and the one that works."""

    def __init__(self) -> None:
        self._jobs: deque[QueuedJob] = deque()
        """The running job first, then those that wait."""
        self._running = False
        self._closed = False
        self._changed = threading.Condition()

    def add(self, work: Work, job_id: str, accepted: Callable[[str, int], None]) -> None:
        """Put work at the end; `accepted(id, position)` is called before it can start.

        Raises InputError where it is in the queue already.
        """
        with self._changed:
            for other in self._jobs:
                same = work.alone and other.work.alone and other.work.folder == work.folder
                if other.id == job_id or same:
                    raise InputError(
                        "job-queued",
                        f"The job {job_id} is running or waiting already, in {other.work.folder}.",
                        "Wait for it to end, or cancel it.",
                    )
            accepted(job_id, len(self._jobs))
            self._jobs.append(QueuedJob(job_id, work))
            self._changed.notify_all()

    def next(self) -> QueuedJob | None:
        """Wait for a job and mark it running; None once the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._jobs)
            if self._closed:
                return None
            self._running = True
            return self._jobs[0]

    def finished(self) -> None:
        """The running job has ended."""
        with self._changed:
            self._running = False
            self._jobs.popleft()

    def cancel(self, job_id: str) -> tuple[QueuedJob | None, bool]:
        """(job, whether it was only waiting and is now out of the queue); None if not known."""
        with self._changed:
            for position, job in enumerate(self._jobs):
                if job.id == job_id:
                    job.cancelled.set()
                    waiting = position > 0 or not self._running
                    if waiting:
                        self._jobs.remove(job)
                    return job, waiting
            return None, False

    def close(self) -> None:
        """Cancel the running job and let nothing else start."""
        with self._changed:
            self._closed = True
            for job in self._jobs:
                job.cancelled.set()
            self._changed.notify_all()
