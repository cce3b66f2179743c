"""The commands of dev.py and their options."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from devtools import environment, extension, say, suites, system

ROOT = Path(__file__).resolve().parent.parent


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    say.use_utf8()
    options, rest = _parser().parse_known_args(arguments)
    if rest and options.command not in ("demo", "test"):
        say.line(f"dev.py {options.command} does not take {' '.join(rest)}; see --help.")
        return 2
    try:
        code: int = options.run(options, rest)
    except say.DevError as stop:
        print(stop, file=sys.stderr)
        return stop.exit_code
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py", description="Sets up, checks, builds and shows MotionFollower for Blender."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    setup = commands.add_parser("setup", help="make .venv, which the backend also runs from")
    setup.set_defaults(run=_setup)
    demo = commands.add_parser(
        "demo",
        add_help=False,
        help="run the whole job on a small scene and leave it in out/demo (demo --help for more)",
    )
    demo.set_defaults(run=_demo)
    test = commands.add_parser("test", help="run the checks and every test, then sum up")
    test.add_argument(
        "--fast",
        action="store_true",
        help="leave out tests marked slow, and the wheels of other Blenders",
    )
    test.add_argument(
        "--bpy",
        action="append",
        default=[],
        metavar="VERSION",
        help="run the add-on's tests alone, in this Blender's wheel (4.2, 4.5, 5.0; repeatable)",
    )
    test.add_argument("paths", nargs="*", help="only these tests (other options go to pytest)")
    test.set_defaults(run=_test)
    check = commands.add_parser("check", help="ruff, mypy and import-linter only")
    check.set_defaults(run=_check)
    build = commands.add_parser("build", help="write the extension's zip to dist/")
    build.set_defaults(run=_build)
    clean = commands.add_parser(
        "clean", help="remove .venv, the wheels of other Blenders, dist/ and tool caches (not out/)"
    )
    clean.set_defaults(run=_clean)
    return parser


def _ready() -> Path:
    """The environment's interpreter, made first where needed, on a machine that can draw."""
    absent = system.absent_packages()
    if absent:  # told before anything is downloaded
        system.require(ROOT / ".venv", Path(sys.executable))
    python = environment.ensure(ROOT)
    system.require(ROOT / ".venv", python)
    return python


def _setup(options: argparse.Namespace, rest: list[str]) -> int:
    python = _ready()
    say.line(f"The backend's Python, for the add-on's preferences: {python}")
    return 0


def _demo(options: argparse.Namespace, rest: list[str]) -> int:
    python = _ready()
    command = [str(python), "-P", "-m", "demo", *rest]
    paths = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    return subprocess.call(command, env={**os.environ, **paths})


def _test(options: argparse.Namespace, rest: list[str]) -> int:
    suites.plan(ROOT, whole=True, versions=options.bpy)  # a wrong version is told at once
    python = _ready()
    results = [] if options.paths or options.bpy else suites.check(ROOT, python)
    results += suites.test(ROOT, python, options.paths, options.fast, rest, options.bpy)
    return 0 if suites.summary(results) else 1


def _check(options: argparse.Namespace, rest: list[str]) -> int:
    python = environment.ensure(ROOT)
    return 0 if suites.summary(suites.check(ROOT, python)) else 1


def _build(options: argparse.Namespace, rest: list[str]) -> int:
    python = environment.ensure(ROOT)
    with say.step("Building the extension"):
        target = extension.build(ROOT, python)
    say.line(f"Install this in Blender (Preferences, Get Extensions, Install from Disk): {target}")
    return 0


def _clean(options: argparse.Namespace, rest: list[str]) -> int:
    names = [".venv", "dist", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"]
    for folder in [*(ROOT / name for name in names), *ROOT.glob(".venv-bpy-*")]:
        if folder.is_dir():
            say.line(f"Removing {folder}")
            shutil.rmtree(folder)
    return 0
