"""`bring-in`: finished jobs come into the Sequencer of their scene."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TextIO

import bpy

from mf_backend.contracts.errors import ExitCode, InputError

from ..core.farm.takes import read_takes, write_takes
from ..core.job.numbered import jobs_in
from ..host.run.batch import Outcome, save_file
from ..host.run.farm.bring_in import bring_in_job
from ..host.take import home_scene
from .base import Command, add_json
from .shots import exit_code, result


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("jobs", type=Path, metavar="JOBS", help="folder of job folders, as `prepare` wrote it")
    add(
        "--save",
        type=Path,
        metavar="FILE.blend",
        required=True,
        help="save the file with the takes there",
    )
    add("--takes", metavar="1-3,5", help="only the job folders with these numbers")
    add_json(parser)


def _say(outcome: Outcome, out: TextIO) -> None:
    head = f"[{Path(outcome.folder).name}] {outcome.name}: "
    told = outcome.exit_code is ExitCode.DONE
    text = outcome.statement if told else f"{outcome.message} {outcome.hint}".rstrip()
    print(f"{head}{text}", file=out)
    for warning in outcome.warnings:
        print(f"    warning: {warning}", file=out)
    out.flush()


def chosen(folders: list[Path], takes: str) -> list[Path]:
    """The folders with some numbers. Raises InputError where one of them is not there."""
    numbered = {int(folder.name): folder for folder in folders if folder.name.isdecimal()}
    wanted = sorted(read_takes(takes, max(numbered, default=0)))
    gone = [number for number in wanted if number not in numbered]
    if gone:
        raise InputError(
            "jobs-missing",
            f"There is no job folder {write_takes(gone)} in {folders[0].parent}.",
            "Prepare these shots first, or leave them out of --takes.",
        )
    return [numbered[number] for number in wanted]


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    folders = jobs_in(arguments.jobs.absolute())
    if arguments.takes:
        folders = chosen(folders, arguments.takes)
    outcomes = [bring_in_job(folder) for folder in folders]
    brought = [outcome for outcome in outcomes if outcome.exit_code is ExitCode.DONE]
    if not arguments.json:
        for outcome in outcomes:
            _say(outcome, out)
    if brought:
        save_file(arguments.save)
        for outcome in brought:
            home_scene.remember_file(Path(outcome.folder))
    code = exit_code(outcome.exit_code for outcome in outcomes)
    if arguments.json:
        value = {
            "exit_code": int(code),
            "jobs": [result(outcome) for outcome in outcomes],
            "saved": bpy.data.filepath if brought else "",
        }
        print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
    else:
        where = f"; saved as {bpy.data.filepath}" if brought else ""
        print(f"{len(brought)} of {len(outcomes)} takes are in{where}.", file=out, flush=True)
    return int(code)


COMMAND = Command(
    "bring-in", "bring finished jobs into the Sequencer of their scene", _add_options, _run
)
