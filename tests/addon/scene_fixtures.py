"""Scenes and sessions for the flow from rig and clip to a take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def session(registered: Any) -> Iterator[Any]:
    """The add-on's session, without runs of an earlier test."""
    from motionfollower_addon.host.session import current

    for flow in current().flows:
        flow.suspend()
    current().flows.clear()
    current().waiting = ()
    yield current()


@pytest.fixture
def scene(session: Any, odd_path: Path) -> Any:
    """A saved file of one small shot in a folder with an odd name."""
    from tests.addon.flow.scenes import SIZE, make_scene
    from tests.backend.tiny_job import write_clip

    write_clip(odd_path / "footage", 6, SIZE)
    return make_scene(odd_path)
