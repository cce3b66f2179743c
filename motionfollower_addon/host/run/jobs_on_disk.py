"""Jobs beside the open file that are unfinished, or finished and not in its Sequencer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import bpy

from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import JobState, Status, read_state

from ...core.backend.state import stage_label
from ...core.job.provenance import Origin, home_scene_name, read_origin
from .. import compat
from ..background_read import forget, read_in_background
from ..options import jobs_roots
from ..take import home_scene as home
from ..take import strips
from .session import current

_NAME = "jobs on disk"


@dataclass(frozen=True)
class WaitingJob:
    """A job folder that waits for somebody."""

    folder: Path
    title: str
    finished: bool
    """Finished, but not brought in."""
    words: str
    scene_gone: bool = False
    """Made in a file that was never saved: any scene may have it."""


@dataclass(frozen=True)
class _OnDisk:
    """What one job folder says."""

    folder: Path
    id: str
    origin: Origin
    state: JobState
    blend: str
    """Path of the file that its scene is in now; empty where that was never saved."""
    blend_exists: bool


def refresh() -> tuple[WaitingJob, ...]:
    """Look now, and wait for the disk; for scripts.

    Panels draw from the session's copy, never from the disk.
    """
    forget(_NAME)
    _take(_read(jobs_roots()))
    return current().waiting


def look_again() -> None:
    """Look without keeping the window waiting: the session's copy is new a moment later."""
    roots = jobs_roots()
    read_in_background(_NAME, lambda: _read(roots), _show)


def _show(found: list[_OnDisk]) -> None:
    before = current().waiting
    _take(found)
    if current().waiting != before:
        compat.redraw_panels()


def _read(roots: list[Path]) -> list[_OnDisk]:
    """Every job of some folders, the latest first; runs in a thread."""
    found = []
    for root in dict.fromkeys(roots):
        for file in root.glob("[!.]*/job.json"):
            try:
                request = read_request(file)
            except MFError:
                # Not ours to judge: somebody else's file, or one of a newer version.
                continue
            folder = file.parent
            state = read_state(JobFolder(folder).state)
            made = _made(file)
            origin = read_origin(request.about)
            blend = home.known_file(folder, origin)
            exists = bool(blend) and Path(blend).exists()
            job = _OnDisk(folder, request.id, origin, state, blend, exists)
            found.append((made, job))
            # Blender's own thread goes first.
            time.sleep(0)
    return [job for _, job in sorted(found, key=lambda item: item[0], reverse=True)]


def _made(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


_HOW = {
    Status.RUNNING: "Broken off",
    Status.CANCELLED: "Cancelled",
    Status.FAILED: "Failed",
}


def how_far(state: JobState) -> str:
    """How far a job came that nobody works on now, in words."""
    if state.status is Status.DONE:
        return "Finished"
    if state.status not in _HOW or not state.stage:
        return "Not started"
    label = stage_label(state.stage)
    return f"{_HOW[state.status]} while {label[0].lower()}{label[1:]}"


def _take(found: list[_OnDisk]) -> None:
    """Those that wait for the open file's scenes."""
    marks, path = home.marks(), bpy.data.filepath
    waiting = []
    taken: dict[str, set[str]] = {}
    for job in found:
        # A copy of its file has the same scenes with the same marks.
        elsewhere = path and job.blend_exists and not home.same_file(job.blend, path)
        name = "" if elsewhere else home_scene_name(job.origin, marks, path)
        if (not name and job.blend) or current().flow_of(job.folder) is not None:
            continue
        finished = job.state.status is Status.DONE
        if name and name not in taken:
            taken[name] = strips.jobs_of_takes(bpy.data.scenes[name])
        if finished and name and job.id in taken[name]:
            continue
        words = how_far(job.state)
        if not name:
            words += "; its file was closed without ever being saved"
        title = job.origin.title or job.folder.name
        waiting.append(WaitingJob(job.folder, title, finished, words, not name))
    current().waiting = tuple(waiting)
