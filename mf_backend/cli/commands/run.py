"""`run JOB`: do a job folder's work without Blender."""

from __future__ import annotations

import argparse
import os
import signal
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.options import add_path
from mf_backend.cli.output import print_json
from mf_backend.contracts.log_lines import visible
from mf_backend.jobs.runner import run_job
from mf_backend.jobs.tracker import JobTracker, Progress
from mf_backend.protocol.messages import PROGRESS_SECONDS


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser("run", help=COMMANDS["run"], description=run.__doc__)
    add_path(parser, "job", metavar="JOB", help="job folder (holds job.json)")
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile the diffusion engine's layers first, also where job.json does not ask for it",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the result as one JSON object on stdout"
    )


def words(progress: Progress) -> str:
    """One line that says how far a job is."""
    of = f" {progress.step}/{progress.total}" if progress.total else ""
    note = f" ({progress.note})" if progress.note else ""
    left = progress.seconds_left
    rest = "" if left is None else f", about {left:.0f} s left"
    return f"{progress.overall:4.0%}  {progress.stage}{of}{note}{rest}"


class _Terminal:
    """Prints progress to the former stderr: at every new stage, else every 2 s."""

    def __init__(self) -> None:
        self._handle = 2
        self._tracker: JobTracker | None = None
        self._stage = ""
        self._said = time.monotonic()
        self._lock = threading.Lock()

    def start(self, tracker: JobTracker, handle: int) -> None:
        self._tracker, self._handle = tracker, handle

    def say(self, text: str) -> None:
        with suppress(OSError):
            os.write(self._handle, (visible(text) + "\n").encode("utf-8"))
        self._said = time.monotonic()

    def progress(self, progress: Progress) -> None:
        with self._lock:
            pause = time.monotonic() - self._said
            if progress.stage != self._stage or pause > PROGRESS_SECONDS:
                self._stage = progress.stage
                self.say(words(progress))

    def warning(self, code: str, message: str) -> None:
        with self._lock:
            self.say(f"Warning: {message}")

    def beat(self, ended: threading.Event) -> None:
        while not ended.wait(PROGRESS_SECONDS / 4):
            if self._tracker is not None:
                self.progress(self._tracker.snapshot())


def run(args: argparse.Namespace) -> int:
    """Do the work of a job folder. Finished stages are kept, so that the same command goes on
    after it was interrupted. Ctrl-C stops at the next step; a second one stops at once."""
    cancelled = threading.Event()
    ended = threading.Event()
    terminal = _Terminal()

    def stop(number: int, frame: FrameType | None) -> None:
        if cancelled.is_set():
            signal.default_int_handler(number, frame)
        terminal.say("Stopping at the next step …")
        cancelled.set()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    beat = threading.Thread(target=terminal.beat, args=(ended,), name="progress", daemon=True)
    beat.start()
    try:
        changes = {"compile": True} if args.compile else {}
        result = run_job(args.job, terminal, cancelled, on_start=terminal.start, changes=changes)
    finally:
        ended.set()
        beat.join()
    if args.json:
        print_json(
            {
                "id": result.id,
                "frames": str(result.frames),
                "mp4": str(result.mp4),
                "report": str(result.report),
                "count": result.count,
            }
        )
    else:
        print(f"Done: {result.count} frames in {result.frames}, {result.mp4}")
    return 0
