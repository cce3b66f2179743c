"""The commands of `python -m mf_backend`, one module each.

To add one: a module NAME.py with the two functions that `Command` describes, and its line in
COMMANDS.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any, Protocol

COMMANDS = {
    "serve": "answer messages on stdin and stdout; Blender starts this",
    "run": "do the job in a job folder, or go on with it",
    "jobs": "show how the jobs below a folder stand, as a list or a page",
    "analyse": "find the actor of a clip once, for every take of it",
    "condition": "make joints, masks and skeletons from a clip and a target motion",
    "train": "learn weights from shots of one's own",
    "weights": "list, import and verify the networks' weights",
    "evaluate": "compare a result with the true frames",
    "bench": "measure memory, speed and parity on this machine",
    "doctor": "say what this machine has, lacks and could run",
}
"""Name, which is its module's too: one line of help."""


class Command(Protocol):
    """What a command's module holds. Importing it loads nothing heavy."""

    def add_parser(self, subparsers: Any) -> None:
        """Add the command's parser, with its options, to argparse's `subparsers`."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it and return the exit code. Raises an MFError for what the person can mend."""


def load_command(name: str) -> Command:
    """Import one command's module. Raises KeyError for an unknown name."""
    if name not in COMMANDS:
        raise KeyError(name)
    command: Any = importlib.import_module(f"{__name__}.{name}")
    return command  # type: ignore[no-any-return]
