"""`blender -b FILE --command motionfollower render|analyse|tune|prepare|submit ...`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from mf_backend.contracts.errors import ExitCode, MFError
from mf_backend.version import VERSION

from . import ids
from .commands import COMMANDS
from .commands.base import Command
from .host.run.session import current

_CODES = """
exit codes:
  0 done   2 wrong usage or input   3 weights or a component missing
  4 not enough memory   5 cancelled   6 output could not be written   1 anything else
With several shots, one that fails does not stop the others; the code is then that of the failed
ones where they agree, else 1.
"""


def parser() -> argparse.ArgumentParser:
    """The command line with all commands."""
    whole = argparse.ArgumentParser(
        prog=f"blender -b FILE --command {ids.COMMAND}",
        description="Let the actor of a clip perform the motion of a rig.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=VERSION)
    commands = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        one = commands.add_parser(
            command.name,
            help=command.help,
            epilog=_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_options(one)
    return whole


def _command(name: str) -> Command:
    return next(command for command in COMMANDS if command.name == name)


@contextmanager
def _own_stdout(alone: bool) -> Iterator[TextIO]:
    """Where results are written.

    With `alone` nothing else reaches stdout: Blender's own lines, some of which wait in its
    buffers until it ends, go to stderr for the rest of the process.
    """
    if not alone:
        yield sys.stdout
        return
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        yield out


def main(argv: Sequence[str]) -> int:
    """What Blender calls for `--command motionfollower`; returns the exit code."""
    try:
        arguments = parser().parse_args(list(argv))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(ExitCode.INPUT)
    with _own_stdout(arguments.json) as out:
        try:
            return _command(arguments.command).run(arguments, out)
        except MFError as error:
            if arguments.json:
                value = {
                    "exit_code": int(error.exit_code),
                    "shots": [],
                    "code": error.code,
                    "message": error.message,
                    "hint": error.hint,
                }
                print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
            print(f"motionfollower: {error}", file=sys.stderr, flush=True)
            return int(error.exit_code)
        finally:
            current().close_backend()
