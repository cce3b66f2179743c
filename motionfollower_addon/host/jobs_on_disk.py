"""Jobs beside the open file that are unfinished, or finished and not in its Sequencer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mf_backend.errors import MFError
from mf_backend.jobs.folder import JobFolder
from mf_backend.jobs.request import read_request
from mf_backend.jobs.state import Status, read_state

from ..core.origin import read_origin
from . import home, sequencer
from .options import jobs_roots
from .session import current


@dataclass(frozen=True)
class WaitingJob:
    """A job folder that waits for somebody."""

    folder: Path
    title: str
    finished: bool
    """Finished, but not brought in."""
    words: str


def refresh() -> tuple[WaitingJob, ...]:
    """Look again: after opening a file, and when a run ends or is forgotten.

    Panels draw from the session's copy, never from the disk.
    """
    current().waiting = tuple(_look())
    return current().waiting


def _look() -> list[WaitingJob]:
    found = []
    for root in jobs_roots():
        for file in sorted(root.glob("*/job.json")):
            folder = file.parent
            try:
                request = read_request(file)
            except MFError:
                # Not ours to judge: somebody else's file, or one of a newer version.
                continue
            origin = read_origin(request.about)
            scene = home.find_home(origin)
            if scene is None or current().flow_of(folder) is not None:
                continue
            state = read_state(JobFolder(folder).state)
            finished = state.status is Status.DONE
            if finished and sequencer.find_take(scene, request.id) is not None:
                continue
            words = "finished" if finished else f"{state.status}, {state.stage or 'not started'}"
            found.append(WaitingJob(folder, origin.title or folder.name, finished, words))
    return found
