"""Copies of the clip and the user's own files in a job folder, so that it can be carried alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from mf_backend.actor.store.folder import FOLDER, actor_folder, actor_id, person_in_clip
from mf_backend.clip.image_folder import scan
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.disk.packed import PACKED_SETTINGS

_PACKED = "inputs/packed"


def pack(folder: Path, request: JobRequest) -> dict[str, str]:
    """Copy what a job reads from elsewhere into its folder: {absolute path: path inside}.

    The weights stay where they are. Raises InputError where something is not there, OSError where
    it cannot be written.
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
    actor = _actor(request)
    if actor is not None:
        shutil.copytree(
            actor,
            folder / _PACKED / FOLDER / actor.name,
            ignore=shutil.ignore_patterns("worker.lock", "work", "log.txt", ".*"),
        )
        packed[request.actors] = f"{_PACKED}/{FOLDER}"
    return packed


def _actor(request: JobRequest) -> Path | None:
    """The folder of the clip's actor where it was analysed; what was copied while it is being
    analysed does not fit its hashes, and is made again."""
    if not request.actors or not request.reference.sha256:
        return None
    person = person_in_clip(request.settings.person, request.reference.first)
    identity = actor_id(request.reference.sha256, person)
    clip = Path(request.reference.path)
    folder = actor_folder(Path(request.actors), clip, identity).path
    return folder if (folder / "actor.json").is_file() else None


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
