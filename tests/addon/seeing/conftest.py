"""The add-on registered in the bpy wheel; other folders' tests may have done it already."""

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


@pytest.fixture
def registered() -> Iterator[Any]:
    """The add-on, switched on at least for this test."""
    os.environ.setdefault("MOTIONFOLLOWER_BACKEND_PYTHON", sys.executable)
    import bpy

    import motionfollower_addon

    there = hasattr(bpy.types.Scene, "motionfollower")
    if not there:
        motionfollower_addon.register()
    yield motionfollower_addon
    if not there:
        motionfollower_addon.unregister()


@pytest.fixture
def scene(registered: Any, odd_path: Path) -> Any:
    """A saved file of one small shot in a folder with an odd name."""
    from tests.addon.flow.scenes import SIZE, make_scene
    from tests.backend.tiny_job import write_clip

    write_clip(odd_path / "footage", 6, SIZE)
    return make_scene(odd_path)
