"""Many jobs in one server: memory, descriptors, threads and temporary files stay level."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.backend.tiny_job import Backend, make_job
from tests.faults.conftest import SIZE
from tests.faults.judging import run_job
from tests.faults.tally import Tally

FRAMES = 3
JOBS, FEWEST = 30, 18
"""With `--scale 1`, and always."""
WARM = 6
"""Jobs after which everything is loaded that a job loads."""


def left_behind() -> set[str]:
    """Names in the folder for temporary files that are of our making."""
    return {p.name for p in Path(tempfile.gettempdir()).iterdir() if "motionfollower" in p.name}


@pytest.mark.slow
def test_soak(
    ground: Path, server: Backend, scaled: Callable[[int], int], request: pytest.FixtureRequest
) -> None:
    tally = Tally("jobs in one server")
    process = psutil.Process(server.process.pid)
    before = left_behind()
    memory, descriptors, threads = [], [], []
    jobs = max(FEWEST, scaled(JOBS))
    for number in range(jobs):
        told = run_job(server, make_job(ground, f"soak {number}", FRAMES, SIZE).path)
        tally.add(*([] if told["status"] == "done" else [str(told)]))
        memory.append(process.memory_info().rss)
        descriptors.append(process.num_fds())
        threads.append(process.num_threads())
    early, late = max(memory[WARM : WARM + 6]), max(memory[-6:])
    print(f"MiB from the {WARM}th to the {jobs}th job: {early >> 20} to {late >> 20}")
    if late > early * 1.05:
        tally.findings.append(f"memory grew from {early >> 20} to {late >> 20} MiB")
    if descriptors[-1] > descriptors[WARM]:
        tally.findings.append(f"descriptors grew: {descriptors}")
    if threads[-1] > threads[WARM]:
        tally.findings.append(f"threads grew: {threads}")
    if left_behind() - before:
        tally.findings.append(f"temporary files stay: {sorted(left_behind() - before)}")
    tally.close(request)
