"""The add-on registered in the bpy wheel, with the real backend of this environment."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before bpy is imported: nothing of the user's own Blender is read or written.
os.environ.setdefault("BLENDER_USER_RESOURCES", tempfile.mkdtemp(prefix="mf-user-"))


@pytest.fixture(scope="session")
def registered() -> Iterator[Any]:
    """The add-on switched on for the whole run."""
    os.environ.setdefault("MOTIONFOLLOWER_BACKEND_PYTHON", sys.executable)
    import motionfollower_addon

    motionfollower_addon.register()
    yield motionfollower_addon
    motionfollower_addon.unregister()


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
