"""Job folders of a shot's variants, made and run.

What all variants with estimated conditions have in common, the actor's joints and masks, is done
once in a job of its own and linked into the others, whose own records tell the backend that it is
there.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import part_name, write_json
from mf_backend.jobs.disk.folder import JobFolder

from ..shot_folder import ShotFolder, Take
from .backend import Backend
from .variants import Fitting, Given, Variant

_KEY = "truth_key.json"
_MASKS = "masks"
"""The last stage that variants share."""
_SHARED = Variant("preview", Fitting.MATCHED, Given.ESTIMATED)


@dataclass(frozen=True)
class Runner:
    """Makes jobs below a folder of its own with one backend."""

    backend: Backend
    out: Path
    estimates: Path
    """Where joints and masks that were estimated lie."""
    again: bool = False
    """Make again what is there."""

    def edit(self, shot: ShotFolder, variant: Variant) -> JobFolder:
        """The finished job of a shot's variant, made unless it is there. Raises MFError."""
        job = JobFolder(self.out / shot.name / variant.name)
        key = {"shot": shot.hash, "code": self.backend.code(), "variant": variant.name}
        if not self.again and self.is_made(job, key):
            return job
        shared = self._estimated(shot) if variant.given is Given.ESTIMATED else None
        _clear(job.path)
        _write_job(job, shot, variant, self.backend.depth)
        if shared is not None:
            _link_work(shared, job)
        self.backend.run_job(job.path)
        write_json(job.path / _KEY, key)
        return job

    def is_made(self, job: JobFolder, key: dict[str, str]) -> bool:
        """Whether the job was finished from this."""
        return _read_key(job.path) == key

    def _estimated(self, shot: ShotFolder) -> JobFolder:
        """The job in which the actor's joints and masks are estimated, as far as those.

        It lies beside the films under a name that says what it was made from, so that every
        checkout whose estimators are the same uses it.
        """
        name = f"{shot.name}-{shot.hash}-{self.backend.estimating_code()}"
        job = JobFolder(self.estimates / name)
        if not job.path.is_dir():
            making = JobFolder(self.estimates / part_name())
            try:
                _write_job(making, shot, _SHARED, self.backend.depth)
                self.backend.run_job(making.path, "--until", _MASKS)
                # Somebody else may have been faster.
                if not job.path.is_dir():
                    making.path.rename(job.path)
            finally:
                shutil.rmtree(making.path, ignore_errors=True)
        return job


def _read_key(folder: Path) -> dict[str, str] | None:
    try:
        value: dict[str, str] = json.loads((folder / _KEY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value


def _clear(folder: Path) -> None:
    """Delete a job that we made before. Raises InputError where the folder is somebody else's."""
    if not folder.exists():
        return
    about = {}
    request = folder / "job.json"
    if request.is_file():
        about = json.loads(request.read_text(encoding="utf-8")).get("about", {})
    if any(folder.iterdir()) and about.get("made_by") != __name__:
        raise InputError(
            "output-exists",
            f"{folder} holds files that the benchmark did not make.",
            "Give another folder with --out.",
        )
    shutil.rmtree(folder)


def _write_job(job: JobFolder, shot: ShotFolder, variant: Variant, depth: bool) -> None:
    """Write job.json with nothing in it but what the variant asks for: all else is the default of
    whatever backend is measured."""
    job.inputs.mkdir(parents=True)
    settings: dict[str, Any] = {"engine": variant.engine, "alignment": str(variant.fitting)}
    true_target = variant.given is Given.TRUE and variant.fitting is Fitting.MATCHED
    target = job.inputs / "target_joints.npz"
    arrays = shot.true_target() if true_target else shot.target(variant.fitting)
    if not depth:
        arrays.pop("positions", None)
    np.savez(target, **arrays)
    if variant.given is Given.TRUE:
        given = job.inputs / "source_joints.npz"
        np.savez(given, source=shot.joints(Take.SOURCE), size=np.array(shot.size))
        settings["source_joints"] = str(given)
        settings["source_masks"] = str(shot.path / Take.SOURCE / "alpha")
    request = {
        "schema": 1,
        "id": f"{shot.name}-{variant.name}",
        "reference": {
            "path": str(shot.path / Take.SOURCE / "frames"),
            "kind": "images",
            "fps": shot.fps,
            "count": shot.count,
        },
        "target": {"joints": job.relative(target)},
        "settings": settings,
        "about": {"made_by": __name__, "shot": shot.name, "shot_hash": shot.hash},
    }
    write_json(job.request, request)


def _link_work(shared: JobFolder, job: JobFolder) -> None:
    """Bring what a job made into another that begins: as links where the disk has them, because
    files of a job are replaced and never written into."""
    shutil.copytree(shared.path / "work", job.path / "work", copy_function=_link)


def _link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)
