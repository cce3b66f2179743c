"""Runs the checks and the test suites, and sums them up."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from devtools import blenders, bpy_wheels, say

CODE = (
    "dev.py", "devtools", "demo", "mf_backend", "motionfollower_addon", "tests", "benchmarks",
    "film", "docs",
)  # fmt: skip
_LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
"""What its `lint-imports` does; the package cannot be run with -m."""


@dataclass(frozen=True)
class Suite:
    """Tests that run together. bpy cannot be reset: what loads it has a process of its own."""

    name: str
    folders: tuple[str, ...]
    workers: int = 1
    """Processes that share the suite's files; more than one only where nothing times itself."""
    blender: str = ""
    """Version of Blender whose wheel the suite runs in; "" where it needs none."""
    without: str = ""
    """Mark of tests that are left out where the whole suite is run."""
    beside: bool = False
    """Whether it may run while others of its kind do: it starts one process, and what it times is
    far from its limits."""
    real_blenders: tuple[str, ...] = ()
    """Folders or files of it whose tests start the Blenders of devtools.blenders."""


ADDON = Suite("addon", ("tests/addon",), beside=True)
ONCE = "once"
"""Mark of the add-on's tests that the main Blender alone runs."""
HEAP = {"MALLOC_PERTURB_": "165"}
"""Has glibc fill memory as it is given out and freed: what uses it wrongly crashes soon instead of
now and then. Other systems take no notice."""
_REAL = ("tests/blender/background", "tests/blender/windows")
SUITES = (
    Suite("backend", ("tests/backend",), workers=2),
    Suite("faults", ("tests/faults",), workers=2),
    Suite("real Blender, timed", ("tests/blender/timed",), real_blenders=("tests/blender/timed",)),
    # Beside each other, the longest first.
    Suite("real Blender", _REAL, beside=True, real_blenders=_REAL),
    ADDON,
    Suite("parity", ("tests/parity",), beside=True),
    Suite("quality", ("tests/quality",), beside=True),
    Suite(
        "dev.py, zip, demo", ("tests/dev",), beside=True,
        real_blenders=("tests/dev/test_shared_code.py",),
    ),
)  # fmt: skip


_AT_ONCE = min(2, os.cpu_count() or 1)
"""Suites that run beside each other."""


@dataclass(frozen=True)
class Result:
    """How one check or suite ended."""

    name: str
    passed: bool
    seconds: float
    detail: str = ""


def check(root: Path, python: Path) -> list[Result]:
    """ruff, its formatting, mypy and import-linter over everything that is ours."""
    commands = check_commands(root, python)
    return [_run(name, command, root) for name, command in commands.items()]


def check_commands(root: Path, python: Path) -> dict[str, list[str]]:
    """The command of each check, to be run in `root`."""
    code = [name for name in CODE if (root / name).exists()]
    commands = {
        "ruff": ["-m", "ruff", "check", *code],
        "ruff format": ["-m", "ruff", "format", "--check", *code],
        "mypy": ["-m", "mypy"],
        "import-linter": ["-c", _LINT_IMPORTS, "--no-cache", "--no-logo"],  # takes a second
    }
    return {name: [str(python), *command] for name, command in commands.items()}


def plan(root: Path, whole: bool, versions: Iterable[str] = ()) -> list[Suite]:
    """The suites to choose from: with the add-on's in the main Blender, or in all for `whole`.

    `versions` asks for the add-on's suite alone, in those. Raises say.DevError for an unknown one.
    """
    main, others = bpy_wheels.main_version(root), bpy_wheels.other_versions(root)
    for version in versions:
        if version not in (main, *others):
            known = ", ".join(sorted((main, *others)))
            raise say.DevError(f"--bpy {version}: the versions to test in are {known}.", 2)

    def addon(version: str) -> Suite:
        without = "" if version == main else ONCE
        return replace(ADDON, name=f"addon (bpy {version})", blender=version, without=without)

    if versions:
        return [addon(version) for version in versions]
    chosen = []
    for suite in SUITES:
        if suite is not ADDON:
            chosen.append(suite)
            continue
        chosen += [addon(version) for version in ((main, *others) if whole else (main,))]
    return chosen


def test(
    root: Path,
    python: Path,
    paths: Iterable[str],
    fast: bool,
    extra: Iterable[str],
    versions: Iterable[str] = (),
) -> list[Result]:
    """Run the suites that `paths` touch (all for none). `fast` leaves out tests marked slow.

    `versions` of Blender run the add-on's suite alone; without them, the main one counts, and the
    others too where everything is run.
    """
    given = [(Path(path.split("::")[0]).resolve(), path) for path in paths]
    wanted: list[tuple[Suite, list[str]]] = []
    notes: list[str] | None = None
    for suite in plan(root, not given and not fast, tuple(versions)):
        targets = _targets(root, suite, given)
        if not targets:
            continue
        if notes is None and not fast and _meets(root, suite.real_blenders, targets):
            notes = blenders.fetch(root)  # all of them, before the first test that can use one
        without = "" if given else suite.without  # what is asked for by name is run all the same
        left_out = [f"not {mark}" for mark in ("slow" if fast else "", without) if mark]
        marks = ["-m", " and ".join(left_out)] if left_out else []
        wanted.append((suite, [*targets, *marks, *extra]))
    results = []
    for beside, together in groupby(wanted, key=lambda each: each[0].beside):
        results += _together(root, python, list(together), _AT_ONCE if beside else 1)
    for note in notes or ():
        say.line(f"    {note}")
    if given and not results:
        raise say.DevError(
            f"No tests under {', '.join(text for _, text in given)}; give paths in tests/.", 2
        )
    return results


def _targets(root: Path, suite: Suite, given: list[tuple[Path, str]]) -> list[str]:
    """What of the suite to run: its folders, or the given paths that lie in (or hold) them."""
    targets = []
    for folder in (root / name for name in suite.folders):
        if not any(folder.rglob("test_*.py")):
            continue
        if not given:
            targets.append(str(folder))
        for path, text in given:
            if path == folder or folder in path.parents:
                targets.append(str(path) + text[len(text.split("::")[0]) :])
            elif path in folder.parents:
                targets.append(str(folder))
    return targets


def _meets(root: Path, names: Iterable[str], targets: Iterable[str]) -> bool:
    """Whether one of the targets is, holds or lies in one of the files or folders `names`."""
    asked = [Path(target.split("::")[0]) for target in targets]
    return any(
        place == path or place in path.parents or path in place.parents
        for place in (root / name for name in names)
        for path in asked
    )


def _together(
    root: Path, python: Path, wanted: list[tuple[Suite, list[str]]], at_once: int
) -> list[Result]:
    """Run suites, at most `at_once` of them at a time; then each is printed when it is over."""
    places = [_wheel(root, python, suite) for suite, _ in wanted]  # before any of them runs
    if at_once == 1 or len(wanted) == 1:
        return [
            _pytest(root, python, *one, place) for one, place in zip(wanted, places, strict=True)
        ]

    def run(each: tuple[tuple[Suite, list[str]], Path | None]) -> tuple[Result, str]:
        (suite, arguments), place = each
        with tempfile.TemporaryFile() as printed:
            result = _pytest(root, python, suite, arguments, place, printed)
            printed.seek(0)
            return result, printed.read().decode("utf-8", "replace")

    results = []
    with ThreadPoolExecutor(at_once) as pool:
        for result, printed in pool.map(run, zip(wanted, places, strict=True)):
            say.line(f"==> {result.name}")
            say.line(printed)
            results.append(result)
    return results


def _wheel(root: Path, python: Path, suite: Suite) -> Path | None:
    """Where the suite's Blender is unpacked, if it is not the environment's own."""
    if not suite.blender or suite.blender == bpy_wheels.main_version(root):
        return None
    return Path(bpy_wheels.ensure(root, python, suite.blender))


def _pytest(
    root: Path,
    python: Path,
    suite: Suite,
    arguments: list[str],
    wheel: Path | None,
    printed: IO[bytes] | None = None,
) -> Result:
    environment = {**os.environ, "PYTHONUTF8": "1"}
    # Two torch threads on two busy cores are many times slower than one, and less repeatable.
    environment.setdefault("OMP_NUM_THREADS", "1")
    bundles = root.parent / "shared" / "parity" / "bundles"
    if bundles.is_dir():
        environment.setdefault("MF_PARITY_BUNDLES", str(bundles))
    if suite.blender:
        environment["MF_BPY"] = suite.blender  # the tests make sure that they run in that one
        environment = {**HEAP, **environment}
    if wheel is not None:
        after = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(wheel), *([after] if after else [])])
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [str(python), "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        if suite.workers > 1:
            command += ["-n", str(suite.workers), "--dist", "worksteal", "--durations", "25"]
        ran = _run(f"tests: {suite.name}", command, root, environment, printed)
        return _with_counts(ran, report)


def _with_counts(ran: Result, report: Path) -> Result:
    """Add pytest's own counts. A suite that ended without its report did not pass."""
    try:
        suite = ElementTree.parse(report).getroot().find("testsuite")
    except (OSError, ElementTree.ParseError):
        suite = None
    if suite is None:
        return Result(ran.name, False, ran.seconds, "ended before its report was written")
    count = {key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")}
    bad = count["failures"] + count["errors"]
    good = count["tests"] - bad - count["skipped"]
    detail = f"{good} passed, {bad} failed, {count['skipped']} skipped"
    return Result(ran.name, ran.passed and bad == 0, ran.seconds, detail)


def _run(
    name: str,
    command: list[str],
    root: Path,
    environment: dict[str, str] | None = None,
    printed: IO[bytes] | None = None,
) -> Result:
    """Run one command. What it prints goes to `printed`, or is seen at once without."""
    if printed is None:
        say.line(f"==> {name}")
    start = time.monotonic()
    status = subprocess.call(command, cwd=root, env=environment, stdout=printed, stderr=printed)
    return Result(name, status == 0, time.monotonic() - start)


def summary(results: list[Result]) -> bool:
    """Print one line for each result; True where all passed."""
    say.line()
    say.line("Summary")
    for result in results:
        word = "passed" if result.passed else "FAILED"
        took = say.duration(result.seconds)
        say.line(f"  {word}  {result.name:22} {took:>13}  {result.detail}".rstrip())
    passed = all(result.passed for result in results)
    total = say.duration(sum(result.seconds for result in results))
    say.line(f"{'Everything passed' if passed else 'Something failed'}, in {total}.")
    return passed
