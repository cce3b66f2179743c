"""Many small takes on two workers that are killed at random, and tried again as a farm does."""

from __future__ import annotations

import queue
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.jobs.runs import results, run
from tests.backend.tiny_job import backend, backend_environment, make_job

TAKES = 48
"""With `--scale 1`."""
KILLED = 0.4
"""Share of all tries that are killed."""


@dataclass
class Worker(threading.Thread):
    """One of a farm's workers: takes what waits, and puts back what was killed."""

    waiting: queue.SimpleQueue[JobFolder]
    left: set[str]
    seconds: float
    """About how long a take lasts."""
    chance: random.Random
    busy: float = 0.0
    """Seconds in which a process of its own worked on a take."""
    codes: list[int] = field(default_factory=list)

    def __hash__(self) -> int:
        return id(self)

    def __post_init__(self) -> None:
        super().__init__()

    def run(self) -> None:
        """Work until no take is left."""
        while self.left:
            try:
                job = self.waiting.get(timeout=0.01)
            except queue.Empty:
                continue
            began = time.monotonic()
            code = self._try(job)
            self.codes.append(code)
            if code in (0, -9):
                self.busy += time.monotonic() - began
            if code == 0:
                self.left.discard(job.path.name)
            else:
                self.waiting.put(job)

    def _try(self, job: JobFolder) -> int:
        process = subprocess.Popen(
            [sys.executable, "-m", "mf_backend", "run", str(job.path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=backend_environment(),
        )
        killed = self.chance.random() < KILLED
        try:
            after = self.chance.uniform(0.1, 1.0) * self.seconds if killed else 300
            return process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells killed processes otherwise")
def test_two_workers_finish_a_batch(odd_path: Path, request: pytest.FixtureRequest) -> None:
    whole = make_job(odd_path, "whole")
    began = time.monotonic()
    assert run(whole).code == 0
    seconds = time.monotonic() - began
    number = max(4, round(TAKES * float(request.config.getoption("--scale", 0.12))))
    jobs = [make_job(odd_path / "jobs", str(n)) for n in range(1, number + 1)]
    waiting: queue.SimpleQueue[JobFolder] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    left = {job.path.name for job in jobs}
    began = time.monotonic()
    workers = [Worker(waiting, left, seconds, random.Random(seed)) for seed in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    wall = time.monotonic() - began
    codes = [code for worker in workers for code in worker.codes]
    share = sum(worker.busy for worker in workers) / (len(workers) * wall)
    print(
        f"{number} takes, {len(codes)} tries, {codes.count(-9)} killed, {wall:.0f} s, "
        f"workers busy {share:.1%}"
    )
    assert set(codes) <= {0, -9} and codes.count(0) == number and codes.count(-9) > 0
    # Few takes end with one worker that has none left.
    assert share >= (0.9 if number >= TAKES else 0.75)
    truth = results(whole)
    assert [job.path.name for job in jobs if results(job) != truth] == []
    assert f"{number} done." in backend("jobs", str(odd_path / "jobs")).stdout
