"""`render`: takes come into the Sequencer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TextIO

from ..core.job.order import A_TAKE
from .base import Command
from .engine_options import add_engine_options
from .shot_options import add_shot_options
from .shots import run_shots


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_shot_options(parser)
    add_engine_options(parser)
    add = parser.add_argument
    add("--mp4", metavar="FILE", help="where a copy of the video goes (one shot only)")
    add("--save", type=Path, metavar="FILE.blend", help="save the file with the takes there")


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    return run_shots(arguments, out, A_TAKE)


COMMAND = Command("render", "render takes and put them into the Sequencer", _add_options, _run)
