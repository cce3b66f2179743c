"""What one take of a batch needs of a graphics card, as the backend predicts it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from mf_backend.contracts.errors import InputError, MFError
from mf_backend.contracts.request import JobRequest, Settings
from mf_backend.jobs.disk.folder import JobFolder, read_job
from mf_backend.protocol.messages import Method

from ..session import current

_ANSWER_SECONDS = 120.0
_TAKEN = ("steps", "cfg", "guidance", "moving_camera", "weights")


def gpu_memory_mib(folders: list[Path]) -> int:
    """MiB that the greatest of some prepared jobs needs; 0 where all do without a card.

    With the memory preset `auto` that is the smallest preset's: a host with more takes a larger
    one by itself. Raises an MFError where the backend cannot tell.
    """
    questions = {}
    for folder in folders:
        job, request = read_job(folder)
        question = _question(job, request)
        questions[repr(question)] = question
    return max((_ask(question) for question in questions.values()), default=0)


def _question(job: JobFolder, request: JobRequest) -> dict[str, Any]:
    settings: Settings = request.settings
    with np.load(job.inside(request.target.joints, "target.joints")) as stored:
        width, height = (int(value) for value in stored["size"])
    return {
        "engine": settings.engine,
        "width": width,
        "height": height,
        "count": request.reference.count,
        "settings": {
            "quality": str(settings.quality),
            "sampler": str(settings.sampler),
            "memory": "6" if settings.memory == "auto" else settings.memory,
            **{name: getattr(settings, name) for name in _TAKEN},
        },
    }


def _ask(question: dict[str, Any]) -> int:
    client = current().client()
    answer = client.ask(Method.MEMORY_NEED, question)
    until = time.monotonic() + _ANSWER_SECONDS
    while not answer.here:
        if time.monotonic() > until:
            raise MFError("backend-silent", "The backend did not say what memory a take needs.")
        time.sleep(0.02)
        client.poll()
    told = answer.take()
    needed = told.get("needed_bytes")
    if not told.get("preset"):
        # An engine without presets works without a card.
        return 0
    if not isinstance(needed, int):
        raise InputError("backend-protocol", "The backend did not say what memory a take needs.")
    return math.ceil(needed / 2**20)
