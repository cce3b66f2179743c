"""Chooses the command, loads only its module, and turns errors into a sentence and a code."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from mf_backend.cli.commands import COMMANDS, load_command
from mf_backend.cli.log_lines import LineFormatter, visible
from mf_backend.cli.output import print_json, say
from mf_backend.cli.streams import reserve_stdout_for_results
from mf_backend.contracts.errors import ExitCode, InputError, MFError, OutputError
from mf_backend.contracts.machine.resources import Room, check_room
from mf_backend.version import VERSION

PROGRAM = "python -m mf_backend"


_HEAVY = ("serve", "run", "analyse", "condition", "evaluate", "bench", "train")
_LEAST_ROOM = Room(300 << 20, 60 << 20)
"""With less, numpy may end the process while it loads."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are errors like all others."""

    def error(self, message: str) -> NoReturn:
        """Wrong usage."""
        sentence = message[:1].upper() + message[1:].rstrip(".")
        raise InputError("usage", f"{sentence}.", f"See `{self.prog} --help`.")


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser with one command's options, or with all names and no options."""
    parser = Parser(
        prog=PROGRAM,
        description="MotionFollower's backend: re-performs the person in a clip.",
        epilog="Exit codes: 0 done, 1 anything else, 2 wrong usage or input, 3 weights or a "
        "component missing, 4 not enough memory, 5 cancelled, 6 output could not be written, "
        "7 another process works on it.",
    )
    parser.add_argument("--version", action="version", version=f"mf_backend {VERSION}")
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands"
    )
    if command is not None:
        load_command(command).add_parser(subparsers)
    else:
        for name, line in COMMANDS.items():
            subparsers.add_parser(name, help=line, add_help=False)
    return parser


def run_command(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors are printed as one sentence."""
    command = next((word for word in argv if not word.startswith("-")), None)
    known = command if command in COMMANDS else None
    if known != "serve":
        reserve_stdout_for_results()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    # Every request of a download is of no interest to the person who waits for it.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Ctrl-C and a polite kill end alike; commands that can stop more gently do so themselves.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    as_json = "--json" in argv
    try:
        if known in _HEAVY and "--help" not in argv and "-h" not in argv:
            check_room(_LEAST_ROOM, f"`{known}`")
        args = build_parser(known).parse_args(argv)
        code = load_command(args.command).run(args)
        sys.stdout.flush()
        return code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(ExitCode.OTHER)
    except BrokenPipeError:
        return int(ExitCode.OTHER)
    except BaseException as error:  # noqa: BLE001 - the last place where a sentence can be made
        return _tell(error, as_json, known)


def _tell(error: BaseException, as_json: bool, command: str | None) -> int:
    from mf_backend.contracts.failures import NO_USE, describe, is_lasting
    from mf_backend.protocol.messages import error_data

    told = describe(error)
    if told.code == "internal" and not isinstance(error, MFError):
        logging.getLogger(__name__).error("unexpected error", exc_info=error)
    say(f"Error: {visible(str(told))}")
    if command == "run" and is_lasting(told):
        say(NO_USE)
    if as_json:
        try:
            print_json({"error": error_data(told)})
        except (BrokenPipeError, OutputError) as second:
            # What went wrong first decides how the process ends.
            say(f"Error: {visible(str(second))}")
    return int(told.exit_code)
