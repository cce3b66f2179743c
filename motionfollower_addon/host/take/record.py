"""What a take knows of its job: the settings that made it, and the folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import read_request
from mf_backend.jobs.disk.folder import JobFolder

from ... import ids
from ...core.job.search import holds_job
from ..paths import real_path
from .strips import find_take


def need(scene: Any, job: str) -> Any:
    """The take of a job; raises InputError where it is gone."""
    strip = find_take(scene, job)
    if strip is None:
        raise InputError(
            "take-missing",
            "This take is no longer in the Sequencer.",
            "Undo, or bring it in again in Render.",
        )
    return strip


def summary(strip: Any) -> str:
    """The settings that made a take, in a line; kept on the strip when it came in."""
    return str(strip.get(ids.STRIP_SUMMARY, ""))


def job_folder(strip: Any) -> Path:
    """The folder of a take's job. Raises InputError unless it holds that very job."""
    try:
        folder = Path(json.loads(strip[ids.STRIP_PROPERTY])["folder"])
    except (KeyError, ValueError, TypeError):
        raise InputError(
            "take-record",
            f"{strip.name} does not say where its job is.",
            "Delete the strip yourself.",
        ) from None
    # Moved along with its .blend, a job is where the pictures are.
    shown = list(real_path(strip.directory).parents)[1:2]
    if not folder.exists() and shown and holds_job(shown[0], str(strip.get(ids.STRIP_JOB))):
        folder = shown[0]
    request = read_request(JobFolder(folder).request)
    if request.id != strip.get(ids.STRIP_JOB):
        raise InputError(
            "take-record",
            f"{folder} holds another job; it is left alone.",
            "Delete the take without its files.",
        )
    return folder
