"""What tests of damage and change compare: results by content, runs by what they said."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import backend, backend_environment


@dataclass(frozen=True)
class Ran:
    """One run: its exit code, what it printed, and the lines that it added to the log."""

    code: int
    value: Any
    log: str

    def again(self) -> list[str]:
        """Stages that were done, in order."""
        lines = [line.split("stage ")[1] for line in self.log.splitlines() if ": begins" in line]
        return [line.split(":")[0] for line in lines]


def run(job: JobFolder) -> Ran:
    """Run a job to its end."""
    before = job.log.read_text(encoding="utf-8") if job.log.exists() else ""
    done = backend("run", str(job.path), "--json")
    log = job.log.read_text(encoding="utf-8").removeprefix(before)
    assert "Traceback" not in log + done.stderr, log + done.stderr
    return Ran(done.returncode, json.loads(done.stdout), log)


def warnings(job: JobFolder) -> dict[str, str]:
    """What the report warns of: code to sentence."""
    report = json.loads(job.report.read_text(encoding="utf-8"))
    return {warning["code"]: warning["message"] for warning in report["warnings"]}


def results(job: JobFolder) -> dict[str, bytes]:
    """Every file of the conditions and outputs by path, without what was kept aside."""
    folders = (job.conditions, job.frames)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {job.relative(path): path.read_bytes() for path in (*files, job.mp4)}


def start(job: JobFolder, *options: str) -> subprocess.Popen[str]:
    """Start a run and return at once."""
    return subprocess.Popen(
        [sys.executable, "-m", "mf_backend", "run", str(job.path), "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=backend_environment(),
    )


def wait_until(process: subprocess.Popen[str], so_far: Callable[[], bool]) -> None:
    """Wait for something that a running job does; fails the test where it ends before."""
    while not so_far():
        assert process.poll() is None, "the job ended before"
        time.sleep(0.001)


def kill_when(job: JobFolder, so_far: Callable[[], bool]) -> None:
    """Run a job and kill it as soon as it is so far."""
    process = start(job)
    wait_until(process, so_far)
    process.kill()
    process.communicate()


def has_frames(job: JobFolder, number: int) -> Callable[[], bool]:
    """Whether the first frames are there, to be asked often."""
    path: Path = job.frame(number - 1)
    return path.exists
