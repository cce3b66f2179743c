"""A job whose folder is moved or deleted while it runs ends with a sentence and makes no other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import backend, backend_environment, make_job

COUNT = 12
SIZE = (96, 128)

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows moves no folder with open files in it"
)


def has_frames(job: JobFolder, process: subprocess.Popen[str]) -> bool:
    return job.frame(1).exists()


def has_masks(job: JobFolder, process: subprocess.Popen[str]) -> bool:
    return (job.conditions / "source_masks" / "frame_3.png").exists()


def ended(job: JobFolder, when: Callable[..., bool], do: Callable[[], object]) -> tuple[int, str]:
    """Run a job, `do` something to its folder `when` it is so far; its exit code and error."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mf_backend", "run", str(job.path), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=backend_environment(),
    )
    while not when(job, process):
        assert process.poll() is None
        time.sleep(0.001)
    do()
    out, _ = process.communicate(timeout=100)
    return process.returncode, json.loads(out).get("error", {}).get("code", "")


@pytest.mark.parametrize("when", [has_masks, has_frames])
def test_moved(odd_path: Path, when: Callable[..., bool]) -> None:
    job = make_job(odd_path, count=COUNT, size=SIZE)
    moved = JobFolder(odd_path / "elsewhere")
    assert ended(job, when, lambda: job.path.rename(moved.path)) == (6, "job-folder-gone")
    assert not job.path.exists()
    assert backend("run", str(moved.path)).returncode == 0
    assert moved.frame(COUNT - 1).exists()


@pytest.mark.parametrize("when", [has_masks, has_frames])
def test_deleted(odd_path: Path, when: Callable[..., bool]) -> None:
    job = make_job(odd_path, count=COUNT, size=SIZE)
    # A folder that is being written to can refill while it is emptied: what a person's file
    # manager does, too, is to move it away first.
    bin_ = odd_path / "bin"

    def delete() -> None:
        job.path.rename(bin_)
        shutil.rmtree(bin_, ignore_errors=True)

    assert ended(job, when, delete) == (6, "job-folder-gone")
    assert not job.path.exists()


def test_another_job_at_its_place_is_left_alone(odd_path: Path) -> None:
    job = make_job(odd_path, count=COUNT, size=SIZE)
    other = make_job(odd_path, "other", count=COUNT, size=SIZE)
    before = sorted((p.name, p.stat().st_mtime_ns) for p in other.path.rglob("*") if p.is_file())

    def swap() -> None:
        job.path.rename(odd_path / "elsewhere")
        other.path.rename(job.path)

    assert ended(job, has_masks, swap) == (6, "job-folder-gone")
    after = sorted((p.name, p.stat().st_mtime_ns) for p in job.path.rglob("*") if p.is_file())
    strange = [name for name, _ in after if name not in {name for name, _ in before}]
    assert len(strange) <= 1, strange  # at most the one picture that was being written
    assert {name: when for name, when in after if (name, when) in before} == dict(before)
