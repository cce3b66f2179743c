"""Finding a job's folder again by its id, after it or the .blend was moved."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import read_request
from mf_backend.jobs.disk.folder import JobFolder

_UP = 2
"""A person may point at the pictures, which lie so deep in the job's folder."""


def holds_job(folder: Path, job_id: str) -> bool:
    """Whether a folder is the one of that very job."""
    file = JobFolder(folder).request
    try:
        return file.is_file() and read_request(file).id == job_id
    except (MFError, OSError):
        # Somebody else's job.json, or one that may not be read: not this job's.
        return False


def find_folder(job_id: str, places: Iterable[Path]) -> Path | None:
    """The first folder of the job among `places`, what is in them, and what they are in."""
    for place in places:
        for folder in _around(place):
            if holds_job(folder, job_id):
                return folder
    return None


def _around(place: Path) -> Iterator[Path]:
    yield place
    yield from list(place.parents)[:_UP]
    try:
        with os.scandir(place) as entries:
            folders = sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return
    for name in folders:
        yield place / name
        # One floor deeper: the folder of a .blend holds the one of its jobs.
        yield from sorted(file.parent for file in (place / name).glob("*/job.json"))
