"""The first stage of a job: everything that can be refused is refused before work starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mf_backend.actor import user_files
from mf_backend.clip import Clip, hash_clip
from mf_backend.conditioning.base import TargetMotion
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import hash_file, hash_value
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import JobRequest, Settings
from mf_backend.engines import load_engine
from mf_backend.engines.base import Engine, refuse_missing
from mf_backend.jobs.disk.folder import JobFolder


def ready_engine(settings: Settings) -> Engine:
    """The engine that the settings ask for.

    Raises MissingComponentError saying what it lacks, and InputError for settings that it cannot
    work with.
    """
    engine = load_engine(settings.engine)
    refuse_missing(engine, settings, "engine-missing")
    # Settings that make no sense are refused now, not after the conditioning.
    engine.fingerprint(settings)
    return engine


def check_clip(clip: Clip, reporter: Reporter) -> str:
    """Warn of what is odd about the clip and return its hash.

    Raises InputError if it is not the clip that the job was made for.
    """
    for code, message in clip.info.notes:
        reporter.warn(code, message)
    reporter.check()
    found = hash_clip(clip.path)
    asked = clip.reference.sha256
    if asked and asked != found:
        raise InputError(
            "clip-changed",
            f"The clip {clip.path} is not the one that this job was made for; it has changed.",
            "Put the former clip back, or make a new job.",
        )
    return found


def input_hashes(job: JobFolder, request: JobRequest) -> dict[str, str]:
    """SHA-256 of every input besides the clip: files in the job folder, and the user's own."""
    target = request.target
    inside = [p for p in (target.joints, target.poses, target.character_masks) if p]
    hashes = {path: hash_path(job.inside(path, "target")) for path in inside}
    for path in given_files(request.settings).values():
        hashes[str(path)] = hash_path(path)
    return hashes


def load_target(job: JobFolder, request: JobRequest, count: int) -> TargetMotion:
    """Read the target of a job for `count` frames of the clip.

    Raises InputError where it is missing, damaged, of another length or not usable.
    """
    target = request.target
    if not target.joints and not target.poses:
        raise InputError(
            "target-missing",
            "The job names no target motion.",
            "Give target joints or a folder of target skeletons.",
        )
    poses = _folder(job, target.poses, "target.poses")
    masks = _folder(job, target.character_masks, "target.character_masks")
    if not target.joints:
        return TargetMotion(None, (0, 0), poses, masks)
    path = job.inside(target.joints, "target.joints")
    joints, size, positions = user_files.read_target_joints(path, user_files.JOB_TARGET, count)
    if not np.isfinite(joints).any():
        raise InputError(
            "target-empty",
            "The target motion has no visible joint in any frame.",
            "Check that the camera sees the rig.",
        )
    return TargetMotion(joints, size, poses, masks, positions)


def _folder(job: JobFolder, relative: str, what: str) -> Path | None:
    if not relative:
        return None
    path = job.inside(relative, what)
    if not path.is_dir():
        raise InputError("target-missing", f"The folder {path} that the job names is not there.")
    return path


def given_files(settings: Settings) -> dict[str, Path]:
    """The user's own files and folders that the settings name, by setting."""
    names = (
        *("source_poses", "source_joints", "source_masks", "target_masks", "plate"),
        "adapter",
    )
    given = {name: Path(getattr(settings, name)) for name in names if getattr(settings, name)}
    for name, path in given.items():
        if not path.exists():
            raise InputError(
                "input-missing",
                f"{path} ({name.replace('_', ' ')}) does not exist.",
                "Choose it again, or leave it empty.",
            )
    return given


def hash_path(path: Path) -> str:
    """SHA-256 of a file, or of a folder's file names and contents; empty where nothing is there."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        return hash_value([[p.relative_to(path).as_posix(), hash_file(p)] for p in files])
    return hash_file(path) if path.is_file() else ""
