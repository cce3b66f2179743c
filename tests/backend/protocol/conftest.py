"""A server to speak to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.backend.tiny_job import Backend


@pytest.fixture
def server() -> Iterator[Backend]:
    """A `serve` process, ended with the test."""
    # Loaded here: the messages' own tests also run in Pythons that hold numpy alone.
    from tests.backend.tiny_job import Backend

    running = Backend()
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.wait()
