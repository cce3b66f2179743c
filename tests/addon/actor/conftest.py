"""A small shot that was rendered once, for all tests of the actor rig."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from tests.addon.scenes import SIZE, make_scene
from tests.backend.tiny_job import write_clip


@pytest.fixture(scope="session")
def rendered(registered: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The saved file."""
    from motionfollower_addon.host.run.session import current

    current().flows.clear()
    folder = tmp_path_factory.mktemp("mf tëst ü")
    write_clip(folder / "footage", 6, SIZE)
    make_scene(folder)
    assert bpy.ops.motionfollower.render() == {"FINISHED"}
    bpy.ops.wm.save_mainfile()
    return Path(bpy.data.filepath)


@pytest.fixture
def shot(session: Any, rendered: Path) -> Iterator[Any]:
    """Its scene, opened anew, with nothing put right of the actor."""
    from motionfollower_addon.host.view import corrections, fit

    bpy.ops.wm.open_mainfile(filepath=str(rendered))
    fit.forget()
    corrections.forget()
    yield bpy.context.scene
    shutil.rmtree(rendered.parent / "motionfollower" / "actors", ignore_errors=True)


@pytest.fixture
def fitted(shot: Any) -> Any:
    """The job that found the actor."""
    from motionfollower_addon.host.view import fit

    return fit.fitted(shot)


def made() -> Any:
    """The actor rig that the button makes."""
    before = set(bpy.data.objects)
    assert bpy.ops.motionfollower.actor_rig() == {"FINISHED"}
    (armature,) = set(bpy.data.objects) - before
    return armature
