"""How a running job is told to the client."""

from __future__ import annotations

import threading
import time

from mf_backend.contracts.machine.resources import resident_bytes
from mf_backend.jobs.tracker import JobTracker, Progress
from mf_backend.protocol.messages import PROGRESS_SECONDS, Notice
from mf_backend.protocol.outgoing import Outgoing
from mf_backend.protocol.queue import QueuedJob

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
