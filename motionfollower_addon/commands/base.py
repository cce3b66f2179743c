"""What a command of `blender --command motionfollower` is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class Command:
    """One verb of the command line."""

    name: str
    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    """Adds its options; `add_json` has to be among them."""
    run: Callable[[argparse.Namespace, TextIO], int]
    """(arguments, where results are written): does it and gives the exit code; raises MFError."""


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option that leaves stdout to one JSON object; every command has it."""
    parser.add_argument(
        "--json", action="store_true", help="one JSON object on stdout and nothing else"
    )
