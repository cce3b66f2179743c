"""python -m benchmarks.truth film|run|report ..."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from mf_backend.contracts.errors import MFError

COMMANDS = {
    "film": "film the shots that are not there yet: the clip, the right answer, the bare set",
    "run": "have the filmed shots edited, and score the results against the truth",
    "report": "write a run's figures and pictures as one page, and compare it with an earlier run",
}
"""Name of each command, the module of benchmarks.truth.commands that has it, and what it does."""


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {}
    for name, about in COMMANDS.items():
        modules[name] = importlib.import_module(f"benchmarks.truth.commands.{name}")
        modules[name].add_options(subparsers.add_parser(name, help=about, description=about))
    options = parser.parse_args(arguments)
    try:
        return int(modules[options.command].run(options))
    except MFError as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return int(error.exit_code)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Blender's Python module, where a command loaded it, crashes in its own clean-up at exit.
    os._exit(code)
