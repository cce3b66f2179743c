"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much is run of what takes long: the fault campaign, and recorded runs (tests/parity)."""
    parser.addoption(
        "--scale",
        type=float,
        default=0.125,
        help="how much of the fault campaign is run; 1: all, and large recorded runs to their end, "
        "and what times and weighs real networks beside a plain port",
    )


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> None:
    """Left out where not everything is asked for."""
    if request.config.getoption("--scale") < 1:
        pytest.skip("takes minutes: run it with --scale 1")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material kept beside the repository; tests that need it skip without it."""
    folder = Path(os.environ.get("MF_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "clips").is_dir():
        pytest.skip("needs the reference clips in ../shared (or MF_SHARED), which are not here")
    return folder


@pytest.fixture
def odd_path(tmp_path: Path) -> Path:
    """A folder whose name has a space and letters outside ASCII."""
    folder = tmp_path / "mf tëst ü"
    folder.mkdir()
    return folder
