"""`prepare`: numbered job folders that any machine can work on; nothing is run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TextIO

from mf_backend.contracts.errors import ExitCode, InputError

from ..core.farm.takes import read_takes
from ..host.run.batch import Outcome
from ..host.run.farm.prepare import job_order, prepare_shot, state_of_file
from .base import Command
from .engine_options import add_engine_options
from .shot_options import add_shot_options, shots_of
from .shots import exit_code, result, say


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_shot_options(parser)
    add_engine_options(parser)
    add = parser.add_argument
    add("--mp4", metavar="FILE", help="where a copy of the video goes (one shot only)")
    add("--takes", metavar="1-3,5", help="only these shots, by their place in the list")
    add("--pack", action="store_true", help="copy clips and your own files into the job folders")


def prepare_shots(
    arguments: argparse.Namespace, root: Path, out: TextIO
) -> list[tuple[int, Outcome]]:
    """Write ROOT/1, ROOT/2 and so on, one for each shot that is meant; how each went."""
    shots = list(enumerate(shots_of(arguments), 1))
    if arguments.takes:
        wanted = read_takes(arguments.takes, len(shots))
        shots = [(number, shot) for number, shot in shots if number in wanted]
    file = state_of_file()
    outcomes = []
    for place, (number, shot) in enumerate(shots, 1):
        order = job_order(shot, root / str(number), file, arguments.pack)
        outcome = prepare_shot(shot, order, sys.stderr)
        outcomes.append((number, outcome))
        if not arguments.json:
            say(outcome, place, len(shots), out)
    return outcomes


def jobs_root(arguments: argparse.Namespace) -> Path:
    """Where the numbered folders go. Raises InputError where that is not said."""
    if not arguments.output:
        raise InputError(
            "usage",
            "Numbered job folders need a folder of their own.",
            "Say which with --output DIR, on storage that every host sees.",
        )
    return Path(arguments.output).absolute()


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    root = jobs_root(arguments)
    outcomes = prepare_shots(arguments, root, out)
    code = exit_code(outcome.exit_code for _, outcome in outcomes)
    done = sum(outcome.exit_code is ExitCode.DONE for _, outcome in outcomes)
    if arguments.json:
        shots = [{"take": number, **result(outcome)} for number, outcome in outcomes]
        value = {"exit_code": int(code), "jobs": str(root), "shots": shots}
        print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
    else:
        print(f"{done} of {len(outcomes)} jobs are in {root}.", file=out, flush=True)
    return int(code)


COMMAND = Command(
    "prepare", "write numbered job folders for other machines; run nothing", _add_options, _run
)
