"""Job folders for shots that are worked on elsewhere: written here, run on any machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TextIO

import bpy

from mf_backend.contracts.errors import ExitCode, MFError, OutputError
from mf_backend.contracts.files import hash_file, hash_value

from ....core.job.numbered import job_there, note_refusal
from ....core.job.order import Goal, Order
from ....core.job.shot import Shot, shot_values
from ...paths import real_path
from ..batch import Outcome, refused, run_shot, shot_name


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


def prepare_shot(shot: Shot, order: Order, progress: TextIO) -> Outcome:
    """Write a shot's job into the order's folder; one made there of the very same stays.

    Never raises for what a person can mend: the outcome says it, and a note in the folder.
    """
    assert order.folder is not None
    known = prepared_before(shot, order)
    return known or noted(run_shot(shot, order, progress), order.folder)


def job_order(shot: Shot, folder: Path, file: str, pack: bool = False) -> Order:
    """The order for a shot's job in `folder`; `file` is the state of the open one."""
    return Order(Goal.JOB, folder, made_from(shot, file), pack)


def prepared_before(shot: Shot, order: Order) -> Outcome | None:
    """How it stands where the folder is taken; None where the job can be written there."""
    assert order.folder is not None
    try:
        there = job_there(order.folder, order.made_from)
    except MFError as error:
        return refused(shot_name(shot), error)
    if there is None:
        return None
    if order.pack and not there.packed:
        error = OutputError(
            "job-exists",
            f"{order.folder} holds this job already, without its clip; it is not overwritten.",
            "Choose another folder, or remove that one.",
        )
        return refused(shot_name(shot), error)
    return Outcome(
        name=str(there.about.get("title") or shot_name(shot)),
        exit_code=ExitCode.DONE,
        folder=str(order.folder),
        frames=there.reference.count,
        statement="already prepared",
    )


def noted(outcome: Outcome, folder: Path) -> Outcome:
    """The same outcome; where the shot failed, its folder says why."""
    if outcome.exit_code is not ExitCode.DONE:
        try:
            note_refusal(folder, MFError(outcome.code, outcome.message, outcome.hint))
        except MFError as trouble:
            # What kept the shot from being prepared is told in any case.
            return replace(outcome, warnings=(*outcome.warnings, str(trouble)))
    return outcome
