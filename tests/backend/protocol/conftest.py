"""A server to speak to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backend.tiny_job import Backend


@pytest.fixture
def server() -> Iterator[Backend]:
    """A `serve` process, ended with the test."""
    running = Backend()
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()
