"""Killed, cancelled or out of disk: the next run goes on, and ends with the same frames."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.stages.costs import stage_names
from tests.backend.tiny_job import backend, backend_environment, make_job

COUNT = 10
SIZE = (160, 208)


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[bytes]]]:
    """A folder with the material, and the results of a job that nothing interrupted."""
    root = tmp_path_factory.mktemp("mf tëst ü")
    job = make_job(root, "whole", COUNT, SIZE)
    assert backend("run", str(job.path)).returncode == 0
    yield root, results(job)


def results(job: JobFolder) -> list[bytes]:
    """The bytes of all frames and of the mp4."""
    return [*(job.frame(i).read_bytes() for i in range(COUNT)), job.mp4.read_bytes()]


def start(job: JobFolder) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "mf_backend", "run", str(job.path), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=backend_environment(),
    )


def state(job: JobFolder) -> Any:
    """state.json, which is whole at every moment."""
    return json.loads(job.state.read_text(encoding="utf-8"))


def wait_for_stage(job: JobFolder, process: subprocess.Popen[bytes], stage: str) -> None:
    order = stage_names().index(stage)
    while process.poll() is None:
        now = state(job)
        if now["status"] == "running" and stage_names().index(now["stage"]) >= order:
            return
        time.sleep(0.002)
    raise AssertionError(f"the job ended before {stage}")


def finish(job: JobFolder, frames: list[bytes]) -> None:
    """Run to the end and compare with the uninterrupted job."""
    done = backend("run", str(job.path))
    assert done.returncode == 0, done.stderr
    assert state(job)["status"] == "done"
    assert results(job) == frames
    left = [p for p in job.path.rglob(".*") if p.is_file()]
    assert left == []


@pytest.mark.parametrize("stage", stage_names()[:-1])
def test_killed_in_a_stage(truth: tuple[Path, list[bytes]], stage: str) -> None:
    root, frames = truth
    job = make_job(root, f"killed in {stage}", COUNT, SIZE)
    process = start(job)
    wait_for_stage(job, process, stage)
    process.kill()
    process.communicate()
    now = state(job)
    assert now["status"] == "running"
    finished = [name for name, record in now["stages"].items() if record["finished"]]
    finish(job, frames)
    log = job.log.read_text(encoding="utf-8")
    for name in finished:
        if name not in ("read", "report"):
            assert f"stage {name}: kept" in log
            assert log.count(f"stage {name}: done") <= 1


def test_frames_that_were_done_are_not_made_again(truth: tuple[Path, list[bytes]]) -> None:
    root, frames = truth
    job = make_job(root, "killed while rendering", COUNT, SIZE)
    process = start(job)
    while not job.frame(2).exists():
        assert process.poll() is None
        time.sleep(0.001)
    process.kill()
    process.communicate()
    made = {i: job.frame(i).stat().st_mtime_ns for i in range(COUNT) if job.frame(i).exists()}
    assert 3 <= len(made) < COUNT
    finish(job, frames)
    assert all(job.frame(i).stat().st_mtime_ns == when for i, when in made.items())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_cancelled(truth: tuple[Path, list[bytes]], number: signal.Signals) -> None:
    root, frames = truth
    job = make_job(root, f"cancelled by {number.name}", COUNT, SIZE)
    process = start(job)
    wait_for_stage(job, process, "target_mask")
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 5
    assert json.loads(out)["error"]["code"] == "cancelled"
    now = state(job)
    assert now["status"] == "cancelled" and now["error"]["exit_code"] == 5
    finish(job, frames)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such limit")
def test_a_file_that_may_not_grow(truth: tuple[Path, list[bytes]]) -> None:
    """The system refuses to write more than a few kilobytes into one file."""
    import resource

    root, frames = truth
    job = make_job(root, "no room in a file", COUNT, SIZE)
    limit = min(len(data) for data in frames[:-1]) - 1000

    def few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = backend("run", str(job.path), "--json", preexec_fn=few_bytes)
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 6 and error["code"] == "not-writable", error
    assert state(job)["status"] == "failed"
    finish(job, frames)


def test_a_full_disk(truth: tuple[Path, list[bytes]], small_disk: Path) -> None:
    root, frames = truth
    made = make_job(root, "on a small disk", COUNT, SIZE)
    job = JobFolder(small_disk / "job")
    made.path.rename(root / "template")
    subprocess.run(["cp", "-r", str(root / "template"), str(job.path)], check=True)
    done = backend("run", str(job.path), "--json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == 6 and error["code"] == "disk-full", error
    assert error["hint"] and str(job.path) in error["message"]
    state(job)  # whole, whatever was last written
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    finish(job, frames)
