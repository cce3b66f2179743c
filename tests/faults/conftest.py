"""What the fault campaign works on: a scale, small material, a running server, and a table."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.protocol.conftest import server  # noqa: F401 - a fixture
from tests.backend.tiny_job import backend, make_job
from tests.faults.tally import PROPERTY, table
from tests.faults.trees import Tree, read_tree

COUNT = 8
"""Frames of the campaign's clips."""
SIZE = (96, 128)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was tried, from the reports of all processes."""
    counts = [
        tuple(json.loads(value))
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == PROPERTY
    ]
    if counts:
        terminalreporter.section("faults tried")
        for line in table(counts):
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def scaled(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """How many to try of something: the given number times --scale, one at least."""
    scale = float(request.config.getoption("--scale"))
    return lambda number: max(1, round(number * scale))


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers that are the same in every run of a test."""
    return random.Random(request.node.nodeid)


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an odd name that jobs and their clip lie in."""
    return tmp_path_factory.mktemp("mf tëst ü")


@pytest.fixture(scope="session")
def whole(ground: Path) -> JobFolder:
    """A finished job that nothing disturbed."""
    job = make_job(ground, "whole", COUNT, SIZE)
    done = backend("run", str(job.path))
    assert done.returncode == 0, done.stderr
    return job


@pytest.fixture(scope="session")
def truth(whole: JobFolder) -> Tree:
    """Every result of the undisturbed job, by its path."""
    return read_tree(whole.path, ("outputs", "work/conditions"))
