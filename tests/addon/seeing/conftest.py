"""A scene to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def scene(registered: Any, odd_path: Path) -> Any:
    """A saved file of one small shot in a folder with an odd name."""
    from tests.addon.flow.scenes import SIZE, make_scene
    from tests.backend.tiny_job import write_clip

    write_clip(odd_path / "footage", 6, SIZE)
    return make_scene(odd_path)
