"""A .blend saved before the modules moved into rooms: its takes, its settings, its waiting job."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import pytest

from motionfollower_addon.host.run import jobs_on_disk
from motionfollower_addon.host.take import record, strips, takes
from tests.fixtures.project import copy_project


@pytest.fixture
def project(session: Any, odd_path: Path) -> Any:
    """A copy of the project, opened; gives its folder."""
    folder = copy_project(odd_path / "project")
    bpy.ops.wm.open_mainfile(filepath=str(folder / "shot.blend"))
    yield folder
    bpy.ops.wm.read_factory_settings(use_empty=True)


def pictures(strip: Any) -> list[Path]:
    """The files of an image strip."""
    folder = Path(bpy.path.abspath(strip.directory))
    return [folder / element.filename for element in strip.elements]


def test_both_takes_show(project: Path) -> None:
    scene = bpy.context.scene
    first, second = strips.takes(scene)
    assert [take.mute for take in (first, second)] == [True, False]
    for take, name in ((first, "clip Wave-001"), (second, "clip Wave-002")):
        frames = project / "motionfollower" / name / "outputs" / "frames"
        assert pictures(take) == sorted(frames.iterdir())
        assert record.summary(take)

    assert bpy.ops.motionfollower.take_show(job=first["motionfollower_job"]) == {"FINISHED"}
    assert [take.mute for take in (first, second)] == [False, True]
    assert bpy.ops.motionfollower.take_final(job=first["motionfollower_job"]) == {"FINISHED"}
    assert takes.is_final(first) and not takes.is_final(second)


def test_the_panels_settings_are_as_they_were(project: Path) -> None:
    settings = bpy.context.scene.motionfollower
    assert (settings.seed, settings.alignment, settings.retime) == (8, "matched", "hold")
    assert settings.widen_mask == 3.5
    assert Path(bpy.path.abspath(settings.source_masks)) == project / "footage" / "masks"
    assert Path(bpy.path.abspath(settings.source_joints)).is_file()


def test_the_killed_job_waits_and_comes_in_as_a_third_take(project: Path) -> None:
    (job,) = jobs_on_disk.refresh()
    assert job.folder == project / "motionfollower" / "killed" and not job.finished
    assert bpy.ops.motionfollower.retry(folder=str(job.folder)) == {"FINISHED"}
    assert [take.get("motionfollower_job") for take in strips.takes(bpy.context.scene)][2:] == [
        "killedmidway"
    ]
    assert not jobs_on_disk.refresh()


def test_a_new_take_is_made_beside_the_old_ones(project: Path) -> None:
    shutil.rmtree(project / "motionfollower" / "killed")
    assert bpy.ops.motionfollower.render() == {"FINISHED"}
    assert len(strips.takes(bpy.context.scene)) == 3
    assert (project / "motionfollower" / "clip Wave-003" / "report.json").is_file()
