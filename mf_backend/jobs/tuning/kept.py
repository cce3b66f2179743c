"""The adapter of a job: the one that it names, or the one that tuning left beside its actor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mf_backend.contracts.errors import InputError, MissingComponentError
from mf_backend.contracts.request import JobRequest
from mf_backend.engines.base import Engine
from mf_backend.engines.motionfollower.engine import MotionFollowerEngine
from mf_backend.jobs.analysis.stored import StoredActor
from mf_backend.models.config import ModelConfig
from mf_backend.weights.adapter import check_adapter, check_clip
from mf_backend.weights.weight_set import open_set

LEFT_OUT = "adapter-left-out"


def with_adapter(
    request: JobRequest,
    sha256: str,
    actor: StoredActor | None,
    engine: Engine,
    warn: Callable[[str, str], None],
) -> JobRequest:
    """The request of a job whose clip has this hash, with the adapter that it paints with.

    One that lies beside the actor and belongs to other weights by now is left out, with a warning.
    Raises InputError where the request itself names one of another clip.
    """
    settings = request.settings
    if not isinstance(engine, MotionFollowerEngine):
        return request
    if settings.adapter:
        check_clip(Path(settings.adapter), sha256)
        return request
    if not settings.tuned or actor is None:
        return request
    path = actor.folder.adapter(engine.name)
    if not path.is_file():
        return request
    folder = engine.set_folder(settings)
    try:
        check_adapter(path, open_set(folder), ModelConfig.from_folder(folder))
        check_clip(path, sha256)
    except (InputError, MissingComponentError) as error:
        warn(LEFT_OUT, f"What was tuned to this footage is left out: {error.message}")
        return request
    return replace(request, settings=replace(settings, adapter=str(path)))
