"""Chooses the command, loads only its module, and turns errors into a sentence and a code."""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from mf_backend.cli.streams import reserve_stdout_for_results
from mf_backend.contracts.errors import ExitCode, InputError, MFError
from mf_backend.contracts.log_lines import LineFormatter, visible
from mf_backend.version import VERSION

PROGRAM = "python -m mf_backend"

COMMANDS = {
    "serve": (
        "mf_backend.cli.commands.serve",
        "answer messages on stdin and stdout; Blender starts this",
    ),
    "run": ("mf_backend.cli.commands.run", "do the job in a job folder, or go on with it"),
    "condition": (
        "mf_backend.cli.commands.condition",
        "make joints, masks and skeletons from a clip and a target motion",
    ),
    "weights": ("mf_backend.cli.commands.weights", "list, import and verify the networks' weights"),
    "evaluate": ("mf_backend.cli.commands.evaluate", "compare a result with the true frames"),
    "bench": ("mf_backend.cli.commands.bench", "measure memory, speed and parity on this machine"),
    "doctor": ("mf_backend.cli.commands.doctor", "say what this machine has, lacks and could run"),
}
"""Name: (module with `add_parser(subparsers)` and `run(args) -> int`, one line of help)."""


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
        "component missing, 4 not enough memory, 5 cancelled, 6 output could not be written.",
    )
    parser.add_argument("--version", action="version", version=f"mf_backend {VERSION}")
    subparsers = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands"
    )
    if command is not None:
        importlib.import_module(COMMANDS[command][0]).add_parser(subparsers)
    else:
        for name, (_, line) in COMMANDS.items():
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
        args = build_parser(known).parse_args(argv)
        return int(importlib.import_module(COMMANDS[args.command][0]).run(args))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(ExitCode.OTHER)
    except BrokenPipeError:
        return int(ExitCode.OTHER)
    except BaseException as error:  # noqa: BLE001 - the last place where a sentence can be made
        return _tell(error, as_json)


def _tell(error: BaseException, as_json: bool) -> int:
    from mf_backend.contracts.failures import describe

    told = describe(error)
    if told.code == "internal" and not isinstance(error, MFError):
        logging.getLogger(__name__).error("unexpected error", exc_info=error)
    print_error(told)
    if as_json:
        print_json({"error": error_value(told)})
    return int(told.exit_code)


def error_value(error: MFError) -> dict[str, Any]:
    """An error as `--json` shows it."""
    from mf_backend.protocol.messages import error_data

    return error_data(error)


def print_error(error: MFError) -> None:
    """One sentence and its hint on stderr."""
    print(f"Error: {visible(str(error))}", file=sys.stderr)


def print_json(value: Any) -> None:
    """The one JSON object that `--json` leaves on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=1))
