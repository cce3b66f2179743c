"""Holding an actor's folder for one process; others wait for their turn."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mf_backend.actor.store.folder import ActorFolder
from mf_backend.contracts.errors import BusyError
from mf_backend.contracts.files import check_place, output_error, part_rest
from mf_backend.contracts.progress import Reporter
from mf_backend.jobs.disk.folder import JobFolder, PartFolder
from mf_backend.jobs.disk.lock import Hold, hold

WAITING = "actor-waiting"
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class _Held(JobFolder):
    """An actor's folder as what can be held."""

    @property
    def noun(self) -> str:
        """See JobFolder."""
        return "actor"

    def parts(self) -> list[PartFolder]:
        """An actor has none."""
        return []


class _AskedWhileWaiting(threading.Event):
    """An event that is never set, but raises when the work is cancelled."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def wait(self, timeout: float | None = None) -> bool:
        """Wait, and look whether somebody cancelled."""
        self._reporter.check()
        return super().wait(timeout)


@contextmanager
def hold_actor(actor: ActorFolder, reporter: Reporter) -> Iterator[Hold]:
    """Keep every other process from working on this actor; waits until one that does is done.

    The folder is made where it is missing, below a folder that is there or can be made. Raises
    OutputError where nothing can be written, CancelledError.
    """
    make_writable(actor)
    held = _Held(actor.path)
    asked = _AskedWhileWaiting(reporter)
    told = False
    with ExitStack() as stack:
        while True:
            try:
                kept = stack.enter_context(
                    hold(held, asked, lambda text: reporter.warn(WAITING, text))
                )
                break
            except BusyError:
                if not told:
                    told = True
                    reporter.warn(
                        WAITING,
                        "Another process analyses the same clip; this one waits for what it finds.",
                    )
                asked.wait(_POLL_SECONDS)
        _remove_leftovers(actor)
        yield kept


def _remove_leftovers(actor: ActorFolder) -> None:
    """Delete half-written files of ours that a killed process left; never in what people mended."""
    for where, inner, names in os.walk(actor.path):
        if Path(where) == actor.path:
            inner[:] = [name for name in inner if name != actor.mends.name]
        for name in names:
            if part_rest(name) is not None:
                (Path(where) / name).unlink(missing_ok=True)


def make_writable(actor: ActorFolder) -> None:
    """Make an actor's folder where it is missing. Raises OutputError where nothing can be written.

    A full disk is told when something is written.
    """
    try:
        actor.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(actor.path, error) from error
    check_place(actor.about)
