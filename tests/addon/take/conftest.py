"""A small shot that was rendered twice, once for all tests of takes; each has it as it was then."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.addon.scenes import SIZE, make_scene
from tests.backend.tiny_job import write_clip

KEPT = (1, 2)
"""After how many takes the shot's folder is kept."""


@pytest.fixture(scope="session")
def rendered(registered: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The saved file; its folder as it was after so many takes lies beside it under that number."""
    from motionfollower_addon.host.run.session import current

    current().flows.clear()
    place = tmp_path_factory.mktemp("takes")
    shot = place / "mf tëst ü"
    write_clip(shot / "footage", 6, SIZE)
    make_scene(shot)
    for number in KEPT:
        assert bpy.ops.motionfollower.render() == {"FINISHED"}
        bpy.ops.wm.save_mainfile()
        shutil.copytree(shot, place / str(number))
    return Path(bpy.data.filepath)


@pytest.fixture
def with_takes(session: Any, rendered: Path) -> Callable[[int], Any]:
    """Puts everything back to so many takes (of KEPT) and opens the file; gives its scene."""

    def open_with(number: int) -> Any:
        shutil.rmtree(rendered.parent)
        shutil.copytree(rendered.parent.with_name(str(number)), rendered.parent)
        bpy.ops.wm.open_mainfile(filepath=str(rendered))
        return bpy.context.scene

    return open_with
