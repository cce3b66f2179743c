"""Job folders 1, 2, 3 and so on, one for each shot of a list, each there whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mf_backend.contracts.errors import InputError, MFError, OutputError
from mf_backend.contracts.files import output_error, part_name, write_json
from mf_backend.contracts.request import JobRequest, read_request
from mf_backend.jobs.disk.folder import JobFolder

MADE_FROM = "made_from"
"""Key of `about`: hash of the shot and of the .blend that a numbered job was made from."""


def job_there(folder: Path, made_from: str) -> JobRequest | None:
    """The job that was made before from the very same; None where the folder is free.

    Raises OutputError where it holds another job, which is not overwritten.
    """
    job = JobFolder(folder)
    if not folder.exists() or _only_note(job):
        return None
    if job.request.is_file():
        request = read_request(job.request)
        if made_from and request.about.get(MADE_FROM) == made_from:
            return request
    raise OutputError(
        "job-exists",
        f"{folder} already holds something that was made from another shot or another state of "
        "the .blend, which is not overwritten.",
        "Choose another folder, or remove that one.",
    )


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder beside `folder`; it gets that name when the block ends well.

    Raises OutputError where that is not possible or somebody was faster.
    """
    hidden = folder.with_name(part_name())
    try:
        hidden.mkdir(parents=True)
    except OSError as error:
        raise output_error(folder, error) from error
    try:
        yield hidden
        job = JobFolder(folder)
        if _only_note(job):
            job.refusal.unlink()
            folder.rmdir()
        hidden.rename(folder)
    except OSError as error:
        raise output_error(folder, error) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def note_refusal(folder: Path, error: MFError) -> None:
    """Leave in a shot's folder why there is no job, so that whoever wants to run it can tell."""
    job = JobFolder(folder)
    if folder.exists() and not _only_note(job):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as trouble:
        raise output_error(folder, trouble) from trouble
    write_json(job.refusal, {"code": error.code, "message": error.message, "hint": error.hint})


def _only_note(job: JobFolder) -> bool:
    return job.path.is_dir() and {item.name for item in job.path.iterdir()} <= {job.refusal.name}


def jobs_in(root: Path) -> list[Path]:
    """The job folders in a folder, and those that say why they hold none, numbers in order.

    Raises InputError where there is not a single one.
    """
    try:
        found = [item for item in root.iterdir() if not item.name.startswith(".")]
    except OSError as error:
        raise InputError(
            "jobs-missing",
            f"The jobs' folder {root} cannot be read: {error.strerror or error}.",
            "Choose the folder that `prepare` wrote into.",
        ) from error
    jobs = [JobFolder(folder) for folder in found]
    jobs = [job for job in jobs if job.request.is_file() or job.refusal.is_file()]
    if not jobs:
        raise InputError(
            "jobs-missing",
            f"There are no jobs in {root}.",
            "Choose the folder that `prepare` wrote into.",
        )
    return sorted((job.path for job in jobs), key=_order)


def _order(folder: Path) -> tuple[bool, int, str]:
    plain = folder.name.isascii() and folder.name.isdigit()
    return (not plain, int(folder.name) if plain else 0, folder.name)
