"""The jobs below a folder: state, progress, who works on them, what failed and why.

Reads only; whatever a job folder holds may be a stranger's, or damaged, and is shown as such.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mf_backend.contracts.checks.json_text import read_json
from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.files import part_name
from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.disk.folder import JobFolder, read_job
from mf_backend.jobs.disk.lock import Holder, holder
from mf_backend.jobs.disk.state import JobState, Status, is_damaged, read_state

_DEEPEST = 6
"""Folders below the one that is listed in which jobs are looked for."""
_LARGEST = 16 << 20
"""Bytes of a report that is read."""


class Standing(StrEnum):
    """How a job stands; those that deserve a look come first."""

    BROKEN = "broken"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"
    REMARKED = "done with remarks"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True)
class Figure:
    """One figure of quality that a stage recorded; `frames` where it names frames in doubt."""

    stage: str
    name: str
    value: str
    in_doubt: int = 0


@dataclass(frozen=True)
class ListedJob:
    """One job of the list. Texts are as the folder holds them: escape them where it matters."""

    folder: Path
    name: str
    """Where it is, from the listed folder."""
    standing: Standing
    title: str = ""
    stage: str = ""
    overall: float = 0.0
    """0..1 of the whole job."""
    host: str = ""
    """Who works on it, or did last."""
    since: str = ""
    seconds_left: float | None = None
    error: dict[str, str] = field(default_factory=dict)
    """code, message and hint of what went wrong."""
    warnings: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    parts: tuple[str, ...] = ()
    """Ranges of frames that somebody works on apart."""
    request: JobRequest | None = None
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def doubts(self) -> int:
        """Remarks and frames in doubt."""
        return len(self.warnings) + sum(figure.in_doubt for figure in self.figures)

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "folder": str(self.folder),
            "name": self.name,
            "title": self.title,
            "state": self.standing.name.lower(),
            "stage": self.stage,
            "overall": round(self.overall, 4),
            "host": self.host,
            "since": self.since,
            "seconds_left": self.seconds_left,
            "error": self.error or None,
            "warnings": list(self.warnings),
            "figures": [[f.stage, f.name, f.value] for f in self.figures],
            "parts": list(self.parts),
        }


def list_jobs(folder: Path) -> list[ListedJob]:
    """Every job below `folder`, what deserves a look first. Raises InputError where none can be."""
    root = folder.absolute()
    if not root.is_dir():
        raise InputError(
            "folder-missing", f"There is no folder {folder}.", "Choose the folder that holds jobs."
        )
    now = _servers_time(root)
    order = list(Standing)
    jobs = [_listed(root, found, now) for found in _find(root)]
    return sorted(jobs, key=lambda job: (order.index(job.standing), -job.doubts, job.name))


def _find(root: Path) -> Iterator[Path]:
    """Folders with a job, or with the reason why there is none; links are not followed."""
    for where, inner, names in os.walk(root):
        path = Path(where)
        if JobFolder(path).request.name in names or JobFolder(path).refusal.name in names:
            inner.clear()
            yield path
            continue
        deep = len(path.relative_to(root).parts)
        inner[:] = sorted(n for n in inner if deep < _DEEPEST and not n.startswith("."))


def _servers_time(root: Path) -> float:
    """The time by the clock that dates files there: a new file's date, else our own clock."""
    probe = root / part_name()
    try:
        probe.touch(exist_ok=False)
        made = probe.stat().st_mtime
        probe.unlink()
    except OSError:
        return time.time()
    return made


def _listed(root: Path, folder: Path, now: float) -> ListedJob:
    name = folder.relative_to(root).as_posix()
    try:
        job, request = read_job(folder)
    except MFError as error:
        return ListedJob(folder, name, Standing.BROKEN, error=_told(error))
    damaged = is_damaged(job.state)
    state = read_state(job.state)
    held = holder(job, now)
    parts = [(part, who) for part in job.parts() if (who := holder(part, now)) is not None]
    who = held or (parts[0][1] if parts else None)
    report = _read_object(job.report)
    figures = tuple(_figures(job))
    warnings = tuple(message for _, message in state.warnings)
    standing = Standing.BROKEN if damaged else _standing(state, who, bool(warnings), figures)
    title = request.about.get("title")
    return ListedJob(
        folder,
        name,
        standing,
        title if isinstance(title, str) and title else request.id,
        state.stage,
        1.0 if state.status is Status.DONE else state.overall,
        who.host if who is not None else (state.worker.host if state.worker is not None else ""),
        state.worker.since if state.worker is not None else "",
        state.seconds_left if standing is Standing.RUNNING else None,
        _damaged_state() if damaged else _error(state),
        warnings,
        figures,
        tuple(str(part.range) for part, _ in parts),
        request,
        report,
    )


def _standing(
    state: JobState, who: Holder | None, warned: bool, figures: tuple[Figure, ...]
) -> Standing:
    if who is not None:
        return Standing.RUNNING
    if state.status is Status.DONE:
        doubtful = warned or any(figure.in_doubt for figure in figures)
        return Standing.REMARKED if doubtful else Standing.DONE
    return {
        Status.RUNNING: Standing.INTERRUPTED,
        Status.FAILED: Standing.FAILED,
        Status.CANCELLED: Standing.CANCELLED,
    }.get(state.status, Standing.WAITING)


def _error(state: JobState) -> dict[str, str]:
    """What state.json says went wrong, as texts."""
    found = state.error if isinstance(state.error, dict) else {}
    return {key: str(found[key]) for key in ("code", "message", "hint") if found.get(key)}


def _told(error: MFError) -> dict[str, str]:
    return {"code": error.code, "message": error.message, "hint": error.hint}


def _damaged_state() -> dict[str, str]:
    return {
        "code": "state-damaged",
        "message": "state.json is damaged, so it is not known how far the job is.",
        "hint": "Run the job again; what it made is looked at by its records.",
    }


def _read_object(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none that can be read."""
    try:
        value = read_json(path, _LARGEST)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _figures(job: JobFolder) -> Iterator[Figure]:
    """What the stages recorded of their quality (work/conditions/quality), one by one."""
    folder = job.conditions / "quality"
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError:
        return
    for path in paths:
        for name, value in _read_object(path).items():
            words = str(name).replace("_", " ")
            match value:
                case bool() | None:
                    continue
                case int() | float():
                    yield Figure(path.stem, words, f"{value:g}")
                case str():
                    yield Figure(path.stem, words, value)
                case list() if all(isinstance(item, str) for item in value):
                    yield Figure(path.stem, words, "; ".join(value) or "0")
                case list() | dict() if all(_is_frame(item) for item in value):
                    # Frames, or something by frame: those that came out doubtful.
                    yield Figure(path.stem, words, f"{len(value)}", len(value))


def _is_frame(item: Any) -> bool:
    """Whether an item of a list, or the key of an object, is a frame's number."""
    return (isinstance(item, str) and item.isdecimal()) or (
        isinstance(item, int) and not isinstance(item, bool)
    )
