"""How dev.py runs the suites: in which memory, and with the Blenders that they need.

Each test runs small suites of its own, in a repository of its own.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from devtools import blenders, suites

ENVIRONMENT = """
import ctypes, os, subprocess, sys

PROGRAM = "import os; print(os.environ.get('MALLOC_PERTURB_'))"

def test_memory():
    assert os.environ["MF_BPY"] == "4.5"
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    # What is freed is filled with the number's bits, and what is given out with the others.
    assert ctypes.string_at(libc.malloc(5000), 5000) == bytes([165 ^ 255]) * 5000

def test_children():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout.strip() == "165"
"""
PRESENT = """
from pathlib import Path

import pytest

@pytest.mark.parametrize("version", {versions})
def test_present(version):
    if not Path({cache!r}, "motionfollower-tests", f"blender-{{version}}", "blender").is_file():
        pytest.skip("not fetched yet")
"""
FETCHING = """
mkdir -p "$2"
echo "$1" >>{log}
touch "$2/blender"
"""


@pytest.fixture
def root(odd_path: Path) -> Path:
    """A repository without any test, whose Blender is the environment's."""
    root = odd_path / "repository"
    (root / "requirements").mkdir(parents=True)
    (root / "requirements" / "development.txt").write_text("bpy==4.5.1\n", "utf-8")
    (root / "requirements" / "blenders.txt").write_text("", "utf-8")
    options = "[tool.pytest.ini_options]\nmarkers = ['slow: slow', 'once: once']\n"
    (root / "pyproject.toml").write_text(options, "utf-8")
    return root


def put(root: Path, name: str, text: str) -> None:
    """Write one file of tests."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, "utf-8")


def details(root: Path, *paths: str, fast: bool = False) -> dict[str, str]:
    """Run suites; what their results say by name."""
    results = suites.test(root, Path(sys.executable), paths, fast, ["-p", "no:cacheprovider"])
    assert all(result.passed for result in results), results
    return {result.name.removeprefix("tests: "): result.detail for result in results}


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc, whose heap fills freed memory")
def test_the_add_ons_suites_run_where_freed_memory_is_filled(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in suites.HEAP:
        monkeypatch.delenv(name, raising=False)
    put(root, "tests/addon/test_memory.py", ENVIRONMENT)
    assert details(root) == {"addon (bpy 4.5)": "2 passed, 0 failed, 0 skipped"}


def test_others_run_as_they_are(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in suites.HEAP:
        monkeypatch.delenv(name, raising=False)
    text = "import os\n\ndef test_it():\n    assert 'MALLOC_PERTURB_' not in os.environ\n"
    put(root, "tests/backend/test_memory.py", text)
    assert details(root) == {"backend": "1 passed, 0 failed, 0 skipped"}


@pytest.fixture
def fetched(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the versions are written that are fetched, on a machine that can, and has none yet."""
    if sys.platform != "linux":
        pytest.skip("Blenders are fetched on Linux only")
    log, cache = root.parent / "log", root.parent / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    script = root.parent / "shared" / "tools" / "get_blender.sh"
    put(script.parent, script.name, FETCHING.format(log=shlex.quote(str(log))))
    text = PRESENT.format(versions=blenders.VERSIONS, cache=str(cache))
    put(root, "tests/dev/test_shared_code.py", text)
    put(root, "tests/dev/test_other.py", "def test_it():\n    pass\n")
    put(root, "tests/blender/windows/test_real.py", text)
    return log


def test_blenders_are_there_before_any_test_that_can_use_them(root: Path, fetched: Path) -> None:
    assert details(root) == {
        "dev.py, zip, demo": "3 passed, 0 failed, 0 skipped",
        "real Blender": "2 passed, 0 failed, 0 skipped",
    }
    assert fetched.read_text("utf-8").split() == list(blenders.VERSIONS)


@pytest.mark.parametrize(
    ("path", "fast", "fetches"),
    [
        ("tests/dev/test_other.py", False, False),
        ("tests/dev/test_shared_code.py", True, False),
        ("tests/dev/test_shared_code.py::test_present", False, True),
        ("tests/dev", False, True),
        ("tests/blender/windows/test_real.py", False, True),
    ],
)
def test_blenders_are_fetched_for_what_uses_them(
    root: Path, fetched: Path, path: str, fast: bool, fetches: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(root)
    assert len(details(root, path, fast=fast)) == 1
    assert fetched.exists() == fetches


ONCE = """
import os

import pytest

def test_everywhere():
    pass

@pytest.mark.once("nothing of Blender's in it")
def test_in_the_main_blender():
    assert os.environ["MF_BPY"] == "4.5"

@pytest.mark.slow
def test_slow():
    pass
"""


def test_other_blenders_leave_out_what_none_of_them_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(root, "requirements/blenders.txt", "bpy==9.8.7\n")
    put(root, ".venv-bpy-9.8/bpy-9.8.7.dist-info/RECORD", "")  # as if it had been fetched
    put(root, "tests/addon/test_one.py", ONCE)
    main, other = "addon (bpy 4.5)", "addon (bpy 9.8)"
    told = "{} passed, 0 failed, 0 skipped".format
    assert details(root) == {main: told(3), other: told(2)}
    monkeypatch.chdir(root)
    asked = (["tests/addon/test_one.py"], True, ["-p", "no:cacheprovider"], ["9.8"])
    (by_name,) = suites.test(root, Path(sys.executable), *asked)
    assert by_name.detail == "1 passed, 1 failed, 0 skipped"  # not the Blender that it asks for


BESIDE = """
import time
from pathlib import Path

def test_meets_the_other():
    Path({mine!r}).touch()
    until = time.monotonic() + 60
    while not Path({other!r}).exists():
        assert time.monotonic() < until, "ran alone"
        time.sleep(0.05)
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core runs one suite at a time")
def test_suites_that_time_nothing_run_beside_each_other(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    marks = [str(root / "addon ran"), str(root / "parity ran")]
    put(root, "tests/addon/test_one.py", BESIDE.format(mine=marks[0], other=marks[1]))
    put(root, "tests/parity/test_two.py", BESIDE.format(mine=marks[1], other=marks[0]))
    assert details(root) == {
        "addon (bpy 4.5)": "1 passed, 0 failed, 0 skipped",
        "parity": "1 passed, 0 failed, 0 skipped",
    }
    printed = capfd.readouterr().out
    assert printed.index("tests: addon") < printed.index("tests: parity")
    assert printed.count("1 passed") == 2
