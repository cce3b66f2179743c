"""Pictures and clips that somebody changed among the results: moved aside, never lost."""

from __future__ import annotations

import itertools
from pathlib import Path

from mf_backend.clip import probe_clip
from mf_backend.clip.picture_file import intact_size
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import output_error
from mf_backend.jobs.disk.folder import JobFolder


def keep_aside(job: JobFolder, path: Path) -> str:
    """Move a changed result to outputs/kept/ if it is a picture or clip that opens.

    Returns its new path inside the job folder; empty where it is damaged or nothing to look at.
    """
    if not _opens(path):
        return ""
    inside = path.relative_to(job.path)
    folder = job.kept / inside.relative_to(inside.parts[0]).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = next(p for p in _names(folder, path) if not p.exists())
        path.rename(target)
    except OSError as error:
        raise output_error(job.kept, error) from error
    return job.relative(target)


def _names(folder: Path, path: Path) -> itertools.chain[Path]:
    numbered = (folder / f"{path.stem}-{n}{path.suffix}" for n in itertools.count(2))
    return itertools.chain([folder / path.name], numbered)


def _opens(path: Path) -> bool:
    if path.suffix == ".png":
        return intact_size(path) is not None
    if path.suffix == ".mp4":
        try:
            return probe_clip(path).count > 0
        except InputError:
            return False
    return False
