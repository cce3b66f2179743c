"""Too little memory, no disk, closed streams, odd surroundings: the right sentence and code."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import make_job
from tests.faults.conftest import COUNT, SIZE
from tests.faults.judging import faults_of, run_backend
from tests.faults.tally import Tally
from tests.faults.trees import Tree, differences, read_tree

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's limits and /dev/full"),
]


def limit_memory(mebibytes: int) -> Callable[[], None]:
    size = mebibytes << 20
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))


def limit_file(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def close_streams() -> None:
    for number in (0, 1, 2):
        os.close(number)


def full_stdout() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


def few_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))


def results(job: JobFolder, truth: Tree) -> list[str]:
    return differences(truth, read_tree(job.path, ("outputs", "work/conditions")))


@pytest.mark.parametrize("mebibytes", [150, 200, 260, 320, 400, 600, 800])
def test_memory(
    ground: Path, whole: JobFolder, truth: Tree, mebibytes: int, request: pytest.FixtureRequest
) -> None:
    """Refused with the code for memory, or done; never a signal, a hang or other advice."""
    tally = Tally("memory limits")
    job = make_job(ground, f"memory {mebibytes}", COUNT, SIZE)
    ended = run_backend("run", str(job.path), before=limit_memory(mebibytes))
    found = faults_of(ended, 0, 4)
    found += results(job, truth) if ended.code == 0 else []
    tally.add(*found)
    again = run_backend("run", str(job.path))
    tally.add(*faults_of(again, 0), *results(job, truth))
    tally.close(request)


ODD: dict[str, tuple[dict[str, str], Callable[[], None] | None, tuple[int, ...]]] = {
    "no streams": ({}, close_streams, (0,)),
    "stdout full": ({}, full_stdout, (0, 6)),
    "LANG=C": ({"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}, None, (0,)),
    "OMP_NUM_THREADS empty": ({"OMP_NUM_THREADS": ""}, None, (0,)),
    "OMP_NUM_THREADS many": ({"OMP_NUM_THREADS": "many"}, None, (0,)),
    "OMP_NUM_THREADS 2,1": ({"OMP_NUM_THREADS": "2,1"}, None, (0,)),
    "no home": ({"HOME": "/none/at/all", "XDG_CACHE_HOME": "/none"}, None, (0,)),
    "files of 20 kB at most": ({}, limit_file(20_000), (6,)),
    "12 descriptors": ({}, few_descriptors, (0, 1, 4, 6)),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_surroundings(
    ground: Path, whole: JobFolder, truth: Tree, kind: str, request: pytest.FixtureRequest
) -> None:
    tally = Tally("odd surroundings")
    environment, before, codes = ODD[kind]
    job = make_job(ground, f"odd {kind.replace(',', ' ')}", COUNT, SIZE)
    ended = run_backend("run", str(job.path), environment=environment, before=before)
    found = faults_of(ended, *codes)
    if ended.code == 0:
        found += results(job, truth)
    tally.add(*(f"{kind}: {said}" for said in found))
    again = run_backend("run", str(job.path))
    tally.add(*(f"{kind}, then again: {s}" for s in (*faults_of(again, 0), *results(job, truth))))
    tally.close(request)
