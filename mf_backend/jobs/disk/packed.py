"""Jobs that carry their clip and the user's own files: which of their paths is read from where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.disk.folder import JobFolder

PACKED_SETTINGS = (
    *("source_poses", "source_joints", "source_masks", "target_masks", "plate"),
    "adapter",
)
"""Settings that are files or folders of the user's own."""


def use_packed(job: JobFolder, written: JobRequest, asked: JobRequest) -> JobRequest:
    """`asked` with the job folder's own copies in place of what `written`, its job.json, packed.

    Raises InputError where a copy would lie outside the folder.
    """
    if not written.packed:
        return asked

    def here(path: str, otherwise: str) -> str:
        inside = written.packed.get(path)
        return str(job.inside(inside, "packed")) if inside else otherwise

    settings: dict[str, Any] = {
        name: here(getattr(written.settings, name), getattr(asked.settings, name))
        for name in PACKED_SETTINGS
    }
    path = here(written.reference.path, asked.reference.path)
    return replace(
        asked,
        reference=replace(asked.reference, path=path),
        settings=replace(asked.settings, **settings),
        actors=here(written.actors, asked.actors),
    )
