"""`submit`: the folder that a render farm takes, with the jobs of the shots at hand."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TextIO

from ..host.run.farm.submit import Programs, write_openjd
from .base import Command
from .engine_options import add_engine_options
from .shot_options import add_shot_options, shots_of
from .shots import exit_code, result, say


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_shot_options(parser)
    add_engine_options(parser)
    add = parser.add_argument
    add(
        "--openjd",
        type=Path,
        metavar="DIR",
        required=True,
        help="folder for the OpenJD template, which is a Deadline Cloud bundle, and the jobs",
    )
    own = Programs()
    add("--farm-blender", metavar="COMMAND", default=own.blender, help="Blender on the hosts")
    add("--farm-python", metavar="COMMAND", default=own.python, help="backend's Python there")


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    programs = Programs(arguments.farm_blender, arguments.farm_python)
    folder = arguments.openjd.absolute()
    made = write_openjd(folder, shots_of(arguments), programs, sys.stderr)
    code = exit_code(outcome.exit_code for outcome in made.outcomes)
    if arguments.json:
        value = {
            "exit_code": int(code),
            "folder": str(folder),
            "takes": made.batch.takes,
            "frames": made.frames,
            "gpu_memory_mib": made.batch.gpu_memory_mib,
            "seconds": made.seconds,
            "shots": [{"take": n, **result(item)} for n, item in enumerate(made.outcomes, 1)],
        }
        print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
        return int(code)
    for number, outcome in enumerate(made.outcomes, 1):
        say(outcome, number, len(made.outcomes), out)
    print(made.words, file=out, flush=True)
    return int(code)


COMMAND = Command(
    "submit", "write the folder that a render farm takes; run nothing", _add_options, _run
)
