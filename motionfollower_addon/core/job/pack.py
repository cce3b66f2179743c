"""Copies of the clip and the user's own files in a job folder, so that it can be carried alone."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from mf_backend.actor.store.folder import FOLDER, actor_folder, actor_id
from mf_backend.clip.image_folder import scan
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.pointing import in_clip
from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.disk.packed import PACKED_SETTINGS

_PACKED = "inputs/packed"


def pack(folder: Path, request: JobRequest, analysed: Sequence[Path] = ()) -> dict[str, str]:
    """Copy what a job reads from elsewhere into its folder: {absolute path: path inside}.

    The clip's actor comes along from the request's folder of actors, or else from one of those in
    `analysed`. The weights stay where they are. Raises InputError where something is not there,
    OSError where it cannot be written.
    """
    given = [("clip", request.reference.path)]
    given += [(name, getattr(request.settings, name)) for name in PACKED_SETTINGS]
    packed: dict[str, str] = {}
    for name, text in given:
        if text and text not in packed:
            path = Path(text)
            inside = f"{_PACKED}/{name}" + ("" if path.is_dir() else f"/{path.name}")
            _copy(path, folder / inside)
            packed[text] = inside
    actor = _actor(request, analysed)
    if actor is not None:
        shutil.copytree(
            actor,
            folder / _PACKED / FOLDER / actor.name,
            ignore=shutil.ignore_patterns("worker.lock", "work", "log.txt", ".*"),
        )
        packed[request.actors] = f"{_PACKED}/{FOLDER}"
    return packed


def _actor(request: JobRequest, analysed: Sequence[Path]) -> Path | None:
    """The folder of the clip's actor where it was analysed; what was copied while it is being
    analysed does not fit its hashes, and is made again."""
    if not request.actors or not request.reference.sha256:
        return None
    settings = request.settings
    person = in_clip(settings.person, settings.clicks, request.reference.first)
    identity = actor_id(request.reference.sha256, person)
    clip = Path(request.reference.path)
    found = (actor_folder(root, clip, identity) for root in (Path(request.actors), *analysed))
    return next((actor.path for actor in found if actor.about.is_file()), None)


def _copy(path: Path, target: Path) -> None:
    if path.is_dir():
        target.mkdir(parents=True)
        for file in scan(path).files:
            shutil.copyfile(file, target / file.name)
    elif path.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    else:
        raise InputError("input-missing", f"{path} does not exist.", "Choose it again.")
