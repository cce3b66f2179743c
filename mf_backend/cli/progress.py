"""How a run says how far it is: to a person, to OpenJD, or as objects for any other program."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from enum import StrEnum
from typing import Any, Protocol

from mf_backend.cli.log_lines import visible
from mf_backend.contracts.errors import MFError
from mf_backend.jobs.tracker import JobTracker, Progress
from mf_backend.protocol.messages import PROGRESS_SECONDS, error_data


class ProgressStyle(StrEnum):
    """What `--progress` takes."""

    PLAIN = "plain"
    OPENJD = "openjd"
    JSON = "json"


def words(progress: Progress) -> str:
    """One line that says how far a job is, without its percentage."""
    of = f" {progress.step}/{progress.total}" if progress.total else ""
    note = f" ({progress.note})" if progress.note else ""
    left = progress.seconds_left
    rest = "" if left is None else f", about {left:.0f} s left"
    return f"{progress.stage}{of}{note}{rest}"


class _Style(Protocol):
    """The lines of one style; each goes to stdout, or to stderr where `to_stdout` is False."""

    to_stdout: bool

    def progress(self, progress: Progress) -> list[str]:
        """How far it is."""

    def warning(self, code: str, message: str) -> list[str]:
        """A sentence for a person."""

    def failed(self, error: MFError) -> list[str]:
        """Why it ended; the sentence itself is printed to stderr by whoever ends the process."""

    def done(self, result: dict[str, Any]) -> list[str]:
        """What it left."""


class _Plain:
    to_stdout = False

    def progress(self, progress: Progress) -> list[str]:
        return [f"{progress.overall:4.0%}  {words(progress)}"]

    def warning(self, code: str, message: str) -> list[str]:
        return [f"Warning: {message}"]

    def failed(self, error: MFError) -> list[str]:
        return []

    def done(self, result: dict[str, Any]) -> list[str]:
        return []


class _OpenJD:
    """Lines that an OpenJD session reads from a task's output."""

    to_stdout = True

    def progress(self, progress: Progress) -> list[str]:
        return [
            f"openjd_progress: {100 * progress.overall:.1f}",
            f"openjd_status: {words(progress)}",
        ]

    def warning(self, code: str, message: str) -> list[str]:
        return [f"Warning: {message}"]

    def failed(self, error: MFError) -> list[str]:
        return [f"openjd_fail: {error}"]

    def done(self, result: dict[str, Any]) -> list[str]:
        return ["openjd_progress: 100.0", "openjd_status: done"]


class _Json:
    to_stdout = True

    def progress(self, progress: Progress) -> list[str]:
        return [
            self._line(
                "progress",
                stage=progress.stage,
                step=progress.step,
                total=progress.total,
                overall=round(progress.overall, 4),
                seconds_left=progress.seconds_left,
                note=progress.note,
                frame=progress.frame,
            )
        ]

    def warning(self, code: str, message: str) -> list[str]:
        return [self._line("warning", code=code, message=message)]

    def failed(self, error: MFError) -> list[str]:
        return [self._line("failed", **error_data(error))]

    def done(self, result: dict[str, Any]) -> list[str]:
        return [self._line("done", **result)]

    @staticmethod
    def _line(event: str, **fields: Any) -> str:
        # ASCII, so that no letter of a path can break or hide a line.
        return json.dumps({"event": event, **fields})


_STYLES: dict[ProgressStyle, type[_Style]] = {
    ProgressStyle.PLAIN: _Plain,
    ProgressStyle.OPENJD: _OpenJD,
    ProgressStyle.JSON: _Json,
}


class ProgressPrinter:
    """Prints what a job says: progress at every new stage, else every 2 s. A JobListener.

    While a job runs, descriptors 1 and 2 lead to its log: stdout's lines go through `print`, which
    writes to the former stdout, and stderr's to the former stderr.
    """

    def __init__(self, style: ProgressStyle) -> None:
        self._style = _STYLES[style]()
        self._stderr = 2
        self._tracker: JobTracker | None = None
        self._stage = ""
        self._said = time.monotonic()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._beat = threading.Thread(target=self._repeat, name="progress", daemon=True)

    def __enter__(self) -> ProgressPrinter:
        self._beat.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._beat.join()

    def start(self, tracker: JobTracker, stderr: int) -> None:
        """The job has begun; `stderr` is a descriptor of the former stderr."""
        self._tracker, self._stderr = tracker, stderr

    def say(self, text: str) -> None:
        """A line for a person, on stderr."""
        with suppress(OSError):
            os.write(self._stderr, (visible(text) + "\n").encode("utf-8"))
        self._said = time.monotonic()

    def progress(self, progress: Progress) -> None:
        """See JobListener."""
        with self._lock:
            pause = time.monotonic() - self._said
            if progress.stage != self._stage or pause > PROGRESS_SECONDS:
                self._stage = progress.stage
                self._print(self._style.progress(progress))

    def warning(self, code: str, message: str) -> None:
        """See JobListener."""
        with self._lock:
            self._print(self._style.warning(code, message))

    def failed(self, error: MFError) -> None:
        """The job ended with an error."""
        with self._lock:
            self._print(self._style.failed(error))

    def done(self, result: dict[str, Any]) -> None:
        """The job ended well."""
        with self._lock:
            self._print(self._style.done(result))

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            if self._style.to_stdout:
                print(visible(line), flush=True)
            else:
                self.say(line)
        self._said = time.monotonic()

    def _repeat(self) -> None:
        while not self._ended.wait(PROGRESS_SECONDS / 4):
            if self._tracker is not None:
                self.progress(self._tracker.snapshot())
