"""Streams that are closed, full or of another alphabet, and starts in folders of strangers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.backend.jobs.disk.test_foreign_folder import contents
from tests.backend.tiny_job import backend, backend_environment, make_job, printed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell's redirections")


def shell(redirections: str, *arguments: str, **more: str) -> Any:
    """Run the backend with its streams as a shell redirects them."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m mf_backend "$@" {redirections}', sys.executable, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=backend_environment() | more,
        timeout=120,
        check=False,
    )


def test_closed_streams_change_no_file(odd_path: Path) -> None:
    """What is printed must not land in the files that are opened in the streams' places."""
    plain, closed = make_job(odd_path, "plain", 2), make_job(odd_path, "closed", 2)
    assert backend("run", str(plain.path)).returncode == 0
    ran = shell("<&- >&- 2>&-", "run", str(closed.path))
    assert ran.returncode == 0
    assert contents(plain.frames) == contents(closed.frames)
    assert contents(plain.conditions) == contents(closed.conditions)


def test_a_closed_stdout_is_no_error(odd_path: Path) -> None:
    ran = shell(">&-", "run", str(make_job(odd_path, count=2).path))
    assert ran.returncode == 0 and "Traceback" not in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "arguments", [("run", "--json"), ("run",), ("doctor", "--quick", "--json")]
)
def test_a_full_stdout_is_said_once(odd_path: Path, arguments: tuple[str, ...]) -> None:
    job = make_job(odd_path, count=2)
    more = [str(job.path)] if "run" in arguments else []
    ran = shell(">/dev/full", *arguments, *more)
    assert ran.returncode == 6, ran.stderr
    assert ran.stderr.count("could not be written to the standard output") == 1
    assert "Traceback" not in ran.stderr and "Exception ignored" not in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_error_keeps_its_code_where_stdout_is_full(odd_path: Path) -> None:
    ran = shell(">/dev/full", "run", str(odd_path / "nothing"), "--json")
    assert ran.returncode == 2 and "Traceback" not in ran.stderr
    assert "There is no job here" in ran.stderr and "standard output" in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_stderr_keeps_the_answer(odd_path: Path) -> None:
    ran = shell("2>/dev/full", "run", str(make_job(odd_path, count=2).path), "--json")
    assert ran.returncode == 0 and json.loads(ran.stdout)["count"] == 2
    wrong = shell("2>/dev/full", "run", str(odd_path / "nothing"), "--json")
    assert wrong.returncode == 2 and json.loads(wrong.stdout)["error"]["code"] == "job-missing"


def test_a_locale_without_letters(odd_path: Path) -> None:
    """LANG=C where Python is kept from mending it: names are read and written as ever."""
    job = make_job(odd_path, "jöb", 2)
    names = {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = shell("", "run", str(job.path), "--json", **names)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["mp4"] == str(job.mp4)


@pytest.mark.parametrize("given", ["", "many", "2,1", "0", "-3", " 2 ", "9" * 40])
def test_odd_numbers_of_threads(given: str) -> None:
    code = "from mf_backend.contracts.machine.resources import thread_count; print(thread_count())"
    assert printed(code, OMP_NUM_THREADS=given) == {"2,1": "2", " 2 ": "2"}.get(given, "0")


PLANTED = "open({witness!r}, 'a').write(__name__ + chr(10))\nraise ImportError('planted')\n"
MODULES = (
    "json",
    "argparse",
    "logging",
    "signal",
    "numpy",
    "cv2",
    "av",
    "PIL",
    "hashlib",
    "fractions",
)


def test_nothing_is_imported_from_the_folder_one_stands_in(odd_path: Path) -> None:
    job = make_job(odd_path, count=2)
    witness = odd_path / "witness"
    for name in MODULES:
        (job.path / f"{name}.py").write_text(PLANTED.format(witness=str(witness)), "utf-8")
    ran = backend("run", ".", cwd=job.path)
    assert not witness.exists(), witness.read_text("utf-8")
    assert ran.returncode == 0, ran.stderr
    told = backend("doctor", "--json", cwd=job.path)
    assert not witness.exists(), witness.read_text("utf-8")
    assert json.loads(told.stdout)


def test_the_repository_itself_may_be_stood_in(repository: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-m", "mf_backend", "--version"],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and done.stdout.startswith("mf_backend ")
