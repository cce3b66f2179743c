"""Writes the folder that a farm engine takes: its description of the work, and the jobs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import bpy

from mf_backend.contracts.errors import ExitCode, InputError, MFError, OutputError
from mf_backend.contracts.files import write_json
from mf_backend.contracts.request import ClipKind
from mf_backend.jobs.disk.folder import read_job

from ....core.farm import openjd
from ....core.farm.batch import Batch
from ....core.farm.pace import in_words, seconds_a_frame
from ....core.farm.takes import write_takes
from ....core.job.shot import Shot, shot_values
from ...options import jobs_roots
from ..batch import Outcome
from .memory import gpu_memory_mib
from .prepare import job_order, prepare_shot, state_of_file

SHOTS, JOBS = "shots.json", "jobs"


@dataclass(frozen=True)
class Programs:
    """What starts Blender and the backend's Python on the farm's hosts."""

    blender: str = "blender"
    python: str = "python3"


@dataclass(frozen=True)
class Submission:
    """What was written for a farm."""

    folder: Path
    batch: Batch
    outcomes: tuple[Outcome, ...]
    """How each shot was prepared, in the order of the list."""
    frames: int
    """Frames of all takes together."""
    seconds: float | None
    """How long the work takes on one host, going by earlier takes; None while not known."""

    @property
    def words(self) -> str:
        """What a person wants to know of it, in three sentences."""
        done = sum(outcome.exit_code is ExitCode.DONE for outcome in self.outcomes)
        takes = f"{done} takes" if done > 1 else "1 take"
        memory = self.batch.gpu_memory_mib
        card = f"Each needs a graphics card with {memory / 1024:.1f} GB."
        return (
            f"{takes} ({self.frames} frames) in {self.folder}. "
            f"{card if memory else 'No graphics card is needed.'} "
            f"Time on one host: {in_words(self.seconds)}."
        )


class Sending:
    """A batch on its way into a folder: its list is written first, the description at the end."""

    def __init__(self, folder: Path, shots: Iterable[Shot], programs: Programs) -> None:
        """Writes the list of the shots.

        Raises InputError where the .blend is not on disk as it is here, OutputError where the
        folder holds another batch.
        """
        if not bpy.data.filepath:
            raise InputError(
                "blend-unsaved", "A farm works from the .blend's file.", "Save it first."
            )
        self.file = state_of_file()
        if not self.file:
            raise InputError(
                "blend-changed",
                "The file was changed since it was saved, and a farm works from what is on disk.",
                "Save it first.",
            )
        self.folder = folder
        self.shots = [replace(shot, output="") for shot in shots]
        self._programs = programs
        _write_new(folder / SHOTS, [shot_values(shot) for shot in self.shots])

    def job(self, number: int) -> Path:
        """The job folder of a shot, counted from 1."""
        return self.folder / JOBS / str(number)

    def finish(self, outcomes: Sequence[Outcome]) -> Submission:
        """Describe the jobs that were written, given how each shot went.

        Shots that could not be prepared are left out. Raises what kept the first from it where
        none is left, and OutputError where the folder holds another batch.
        """
        done = [n for n, item in enumerate(outcomes, 1) if item.exit_code is ExitCode.DONE]
        if not done:
            first = outcomes[0]
            error = MFError(first.code, first.message, first.hint)
            error.exit_code = first.exit_code
            raise error
        batch = _batch(self.folder, self.folder / JOBS, done)
        given = (batch, self._programs.blender, self._programs.python)
        for name, value in (
            (openjd.TEMPLATE, openjd.template(batch)),
            (openjd.BUNDLE_VALUES, openjd.bundle_values(*given)),
            (openjd.BUNDLE_ASSETS, openjd.bundle_assets(batch)),
            (openjd.VALUES, openjd.values(*given)),
        ):
            _write_new(self.folder / name, value)
        settings = read_job(self.job(done[0]))[1].settings
        pace = seconds_a_frame([*jobs_roots(), self.folder / JOBS], settings)
        frames = sum(outcomes[number - 1].frames for number in done)
        seconds = pace * frames if pace is not None else None
        return Submission(self.folder, batch, tuple(outcomes), frames, seconds)


def write_openjd(
    folder: Path, shots: Iterable[Shot], programs: Programs, progress: TextIO
) -> Submission:
    """Prepare the shots and write an OpenJD template, which is a Deadline Cloud bundle, too.

    Waits until all is written; raises what Sending raises.
    """
    sending = Sending(folder, shots, programs)
    outcomes = [
        prepare_shot(shot, job_order(shot, sending.job(number), sending.file), progress)
        for number, shot in enumerate(sending.shots, 1)
    ]
    return sending.finish(outcomes)


def _batch(folder: Path, jobs: Path, numbers: list[int]) -> Batch:
    folders = [jobs / str(number) for number in numbers]
    blend = Path(bpy.data.filepath).absolute()
    files: dict[Path, None] = {}
    directories: dict[Path, None] = {}
    weights = ""
    for job in folders:
        request = read_job(job)[1]
        settings = request.settings
        clip = Path(request.reference.path)
        (directories if request.reference.kind is ClipKind.IMAGES else files)[clip] = None
        given = (settings.source_masks, settings.source_poses, settings.target_masks)
        directories.update((Path(text), None) for text in given if text)
        if settings.source_joints:
            files[Path(settings.source_joints)] = None
        if settings.plate:
            plate = Path(settings.plate)
            (directories if plate.is_dir() else files)[plate] = None
        weights = weights or settings.weights
    return Batch(
        name=f"MotionFollower {blend.stem}",
        blend=blend,
        shots=folder / SHOTS,
        jobs=jobs,
        saved=folder / f"{blend.stem} takes.blend",
        takes=write_takes(numbers),
        gpu_memory_mib=gpu_memory_mib(folders),
        files=tuple(files),
        folders=tuple(directories),
        weights=Path(weights) if weights else None,
    )


def _write_new(path: Path, value: Any) -> None:
    """Write JSON; a file that is there and says something else stays. Raises OutputError."""
    try:
        there = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    except (OSError, ValueError):
        there = None
    if path.exists() and there != value:
        raise OutputError(
            "batch-exists",
            f"{path} is there already and describes something else; it is not overwritten.",
            "Choose another folder.",
        )
    if there is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, value)
