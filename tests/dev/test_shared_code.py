"""What Blender and the backend share gives the same in every Python and numpy that is promised.

Each interpreter runs scripts/shared_code.py: it imports all of the shared code, draws skeletons,
reads them back, projects, retimes, finds bones and writes a job folder; then the unit tests that
need no other package run there. All of it is compared with what this environment gives.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from devtools.blenders import VERSIONS, cache_folder
from mf_backend.contracts.request import ClipKind, read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import Status, read_state
from mf_backend.skeleton.draw import draw_skeleton

SCRIPT = Path(__file__).parent / "scripts" / "shared_code.py"
OLDEST, NEWEST = "1.26.4", "2.4.6"
PAIRS = (
    ("3.11", NEWEST), ("3.12", OLDEST), ("3.12", NEWEST), ("3.13", NEWEST),
)  # fmt: skip
TESTS = (
    "tests/backend/protocol/test_messages.py",
    "tests/backend/jobs/test_tracker.py",
    "tests/addon/rig/test_core.py",
)
TEST_PACKAGES = ("pytest", "pluggy", "iniconfig", "packaging", "Pygments")


@dataclass(frozen=True)
class Values:
    """What one interpreter wrote."""

    folder: Path
    arrays: dict[str, np.ndarray]
    words: dict[str, Any]


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what binds it to its own Python."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", **more}


def run(command: list[str | Path], folder: Path, **more: str) -> str:
    """Run a command that writes into `folder`; what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=clean_environment(**more),
        cwd=folder,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read(folder: Path) -> Values:
    """What the script left in `folder`."""
    words = json.loads((folder / "words.json").read_text(encoding="utf-8"))
    with np.load(folder / "values.npz") as data:
        return Values(folder, dict(data), words)


def find_python(version: str) -> Path:
    """An interpreter of this version; skips the test where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates: list[list[str]] = [
        [getattr(sys, "_base_executable", None) or sys.executable],
        [f"python{version}"],
        ["py", f"-{version}"],
        *([str(path)] for path in sorted(pyenv.glob(f"{version}.*/bin/python{version}"))),
    ]
    if shutil.which("uv"):
        found = subprocess.run(
            ["uv", "python", "find", "--no-python-downloads", version],
            capture_output=True,
            text=True,
        )
        candidates.append([found.stdout.strip() or sys.executable])
    code = "import sys; print('{}.{}'.format(*sys.version_info), sys.executable)"
    for command in candidates:
        with suppress(OSError):
            asked = subprocess.run(
                [*command, "-c", code], capture_output=True, text=True, env=clean_environment()
            )
            here, _, program = asked.stdout.strip().partition(" ")
            if here == version:
                return Path(program)
    pytest.skip(f"needs a Python {version}, which is not on this machine")


def packages(python: str, numpy: str) -> Path:
    """numpy and pytest for a Python, fetched once into the user's cache."""
    folder = cache_folder() / f"numpy-{numpy}-python{python}"
    if folder.is_dir():
        return folder
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in TEST_PACKAGES]
    partial = folder.with_name(f"{folder.name}-{os.getpid()}.new")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    command += ["--no-deps", "--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", python, "--target", str(partial), f"numpy=={numpy}", *wanted]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"numpy {numpy} for Python {python} cannot be had: {done.stderr[-300:]}")
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Values:
    """What this environment gives: Python 3.11 with the oldest numpy."""
    folder = tmp_path_factory.mktemp("reference ä")
    run([sys.executable, SCRIPT, folder], folder)
    values = read(folder)
    assert values.words["about"]["numpy"] == OLDEST
    assert values.arrays["pictures"].any(axis=(1, 2, 3)).all()
    assert np.isfinite(values.arrays["read"][:, :18]).mean() > 0.8
    return values


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """One line for each interpreter that ran, printed at the end."""
    rows: list[str] = []
    yield rows
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    if reporter is not None and capture is not None:
        with capture.global_and_fixture_disabled():
            reporter.write_line("\nShared code, the same in each:")
            for row in rows:
                reporter.write_line(f"  {row}")


def compare(values: Values, reference: Values) -> float:
    """Assert that both are the same; returns the largest difference of any number.

    Sums of the standard library round otherwise since Python 3.12, so that joints read back may
    differ in the last digit; pictures, text and all else may not.
    """
    assert values.arrays.keys() == reference.arrays.keys()
    largest = 0.0
    for name, expected in reference.arrays.items():
        here = values.arrays[name]
        assert here.dtype == expected.dtype, name
        if expected.dtype.kind != "f":
            assert np.array_equal(here, expected), name
            continue
        assert np.array_equal(np.isnan(here), np.isnan(expected)), name
        largest = max(largest, float(np.nanmax(np.abs(here - expected), initial=0.0)))
    assert largest < 1e-9
    for name in reference.words.keys() - {"about"}:
        assert values.words[name] == reference.words[name], name
    assert values.words["about"]["modules"] == reference.words["about"]["modules"]
    return largest


def check_job(values: Values) -> None:
    """The job folder that another Python wrote is one for the backend's."""
    job = JobFolder(values.folder / values.words["job"])
    asked = read_request(job.request)
    assert asked.reference.kind is ClipKind.VIDEO
    assert asked.about == {"scene": "Scène", "versions": {"blender": [5, 2, 0]}}
    assert read_state(job.state).status is Status.QUEUED
    with np.load(job.inside(asked.target.joints, "joints")) as data:
        joints, size = data["target"], tuple(int(side) for side in data["size"])
    assert joints.dtype == np.float32
    for index, pose in enumerate(joints):
        path = job.inside(f"{asked.target.poses}/frame_{index}.png", "a picture")
        picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        assert np.array_equal(picture[..., ::-1], draw_skeleton(pose, size))


def row(who: str, about: dict[str, Any], largest: float, said: str) -> str:
    """A line of the table; fails where pytest did not tell that its tests passed."""
    told = [text for text in said.splitlines() if " passed" in text]
    assert told, said
    return (
        f"{who} {about['python']}, numpy {about['numpy']}: {about['modules']} modules, "
        f"largest difference {largest:.0e}, {told[-1].split(' passed')[0]} tests passed"
    )


@pytest.mark.slow
@pytest.mark.parametrize(("python", "numpy"), PAIRS)
def test_another_python_gives_the_same(
    python: str, numpy: str, odd_path: Path, repository: Path, reference: Values, table: list[str]
) -> None:
    program = find_python(python)
    tests = [repository / name for name in TESTS]
    said = run(
        [program, SCRIPT, odd_path, *tests], odd_path, PYTHONPATH=str(packages(python, numpy))
    )
    values = read(odd_path)
    about = values.words["about"]
    assert about["python"].startswith(f"{python}.")
    assert about["numpy"] == numpy
    largest = compare(values, reference)
    check_job(values)
    table.append(row("Python", about, largest, said))


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_blenders_own_python_gives_the_same(
    version: str, odd_path: Path, repository: Path, reference: Values, table: list[str]
) -> None:
    program = cache_folder() / f"blender-{version}" / "blender"
    if not program.is_file():
        pytest.skip(f"Blender {version} is not at {program}")
    user = odd_path / "user"
    user.mkdir()
    command = [program, "-b", "--factory-startup", "--python-exit-code", "9"]
    more = {"BLENDER_USER_RESOURCES": str(user), "MF_PYTEST": str(packages("3.13", NEWEST))}
    tests = [repository / name for name in TESTS]
    said = run([*command, "--python", SCRIPT, "--", odd_path, *tests], odd_path, **more)
    values = read(odd_path)
    about = values.words["about"]
    largest = compare(values, reference)
    check_job(values)
    table.append(row(f"Blender {version}'s Python", about, largest, said))
