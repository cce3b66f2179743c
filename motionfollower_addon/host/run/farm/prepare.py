"""Job folders for shots that are worked on elsewhere: written here, run on any machine."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import bpy

from mf_backend.contracts.errors import ExitCode, MFError
from mf_backend.contracts.files import hash_file, hash_value

from ....core.job.numbered import job_there, note_refusal
from ....core.job.order import Goal, Order
from ....core.job.shot import Shot, shot_values
from ...paths import real_path
from ..batch import Outcome, run_shot, shot_name


def state_of_file() -> str:
    """Hash of the open file and the libraries it links; empty while it is not as on disk."""
    # Without a window Blender does not know whether something was changed.
    changed = bpy.data.is_dirty and not bpy.app.background
    if not bpy.data.filepath or changed:
        return ""
    libraries = sorted({real_path(library.filepath) for library in bpy.data.libraries})
    files = [Path(bpy.data.filepath), *libraries]
    return hash_value([hash_file(path) for path in files if path.is_file()])


def made_from(shot: Shot, file: str) -> str:
    """Hash of everything that a shot's job is made from; empty where `file`, its state, is."""
    values = {**shot_values(shot), "output": ""}
    return hash_value([values, file]) if file else ""


def prepare_shot(shot: Shot, folder: Path, file: str, progress: TextIO) -> Outcome:
    """Write the job of a shot into `folder`; one that was made there of the very same stays.

    Never raises for what a person can mend: the outcome says it, and a note in the folder.
    """
    name = shot_name(shot)
    order = Order(Goal.JOB, folder, made_from(shot, file))
    try:
        there = job_there(folder, order.made_from)
    except MFError as error:
        return Outcome(name, error.exit_code, error.code, error.message, error.hint, str(folder))
    if there is not None:
        return Outcome(
            name=str(there.about.get("title") or name),
            exit_code=ExitCode.DONE,
            folder=str(folder),
            frames=there.reference.count,
            statement="already prepared",
        )
    outcome = run_shot(shot, order, progress)
    if outcome.exit_code is not ExitCode.DONE:
        error = MFError(outcome.code, outcome.message, outcome.hint)
        try:
            note_refusal(folder, error)
        except MFError as trouble:
            print(f"motionfollower: {trouble}", file=progress, flush=True)
    return outcome
