"""Joining takes again with their pictures, after a job's folder or the .blend was moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.jobs.disk.folder import JobFolder

from ... import ids
from ...core.job.search import find_folder
from .. import compat
from ..options import jobs_roots
from . import missing, strips


def relink(scene: Any, strip: Any, chosen: Path | None = None) -> Path:
    """Let a take show its pictures from where they are now; the job's folder.

    Looked for where the take says it was, then in the folders of jobs; with `chosen` only there.
    Raises InputError where the job is not found, or its pictures are not those of the take.
    """
    job_id = str(strip.get(ids.STRIP_JOB))
    folder = find_folder(job_id, [chosen] if chosen else _places(strip))
    if folder is None:
        where = str(chosen) if chosen else "beside this file, nor where it was"
        raise InputError(
            "job-not-found",
            f"The job of {strip.name} is not in {where}."
            if chosen
            else f"The job of {strip.name} is not {where}.",
            "Choose the folder that its folder was moved to.",
        )
    _check_same_result(strip, folder)
    before = strip.directory
    strip.directory = strips.stored_path(JobFolder(folder).frames)
    if not missing.pictures_there(strip):
        strip.directory = before
        raise InputError(
            "frames-missing",
            f"{folder} is the job of {strip.name}, but pictures of it are missing.",
            "Resume the job to have them made again.",
        )
    strip[ids.STRIP_PROPERTY] = json.dumps({**_record(strip), "folder": str(folder)})
    compat.reset_sizes(scene, strip)
    missing.look(scene)
    return folder


def _record(strip: Any) -> dict[str, Any]:
    try:
        value = json.loads(strip.get(ids.STRIP_PROPERTY, "{}"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _places(strip: Any) -> Iterator[Path]:
    """Where the job may be: where it was, then among the jobs beside the file."""
    roots = jobs_roots()
    told = str(_record(strip).get("folder", ""))
    if told:
        yield Path(told)
        # Written by another system, a path has other separators.
        name = told.replace("\\", "/").rstrip("/").rpartition("/")[2]
        yield from (root / name for root in roots)
    yield from roots


def _check_same_result(strip: Any, folder: Path) -> None:
    """Raises InputError where the folder holds another result of the job than the take shows."""
    try:
        found = json.loads(JobFolder(folder).report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Without a report the pictures alone have to be there.
        return
    was, now = (_hash(report) for report in (_record(strip).get("report"), found))
    if was and now and was != now:
        raise InputError(
            "take-record",
            f"The job in {folder} was rendered anew since: it is not what {strip.name} shows.",
            "Delete this take without its files, then bring the job in again.",
        )


def _hash(report: Any) -> str:
    outputs = report.get("outputs") if isinstance(report, dict) else None
    return str(outputs.get("mp4_sha256", "")) if isinstance(outputs, dict) else ""
