"""What people do to their file while a job runs, and where the result lands all the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import pytest

from motionfollower_addon.host.run import jobs_on_disk
from motionfollower_addon.host.run.stages import FlowStage
from motionfollower_addon.host.take import home_scene
from tests.addon.scenes import strips
from tests.addon.take.test_destination import come_in, start, takes, tick


def test_a_copy_of_the_file_is_another_file(session: Any, scene: Any, odd_path: Path) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    bpy.ops.wm.save_mainfile()
    path = Path(bpy.data.filepath)
    copy = Path(shutil.copy(path, odd_path / "shöt 2.blend"))

    bpy.ops.wm.open_mainfile(filepath=str(copy))
    tick(session, lambda: flow.stage is FlowStage.BRINGING_IN)
    for _ in range(3):
        session.tick()
    assert takes() == [] and flow.stage is FlowStage.BRINGING_IN

    bpy.ops.wm.open_mainfile(filepath=str(path))
    come_in(session, flow)


def test_a_renamed_file_is_still_the_file(session: Any, scene: Any, odd_path: Path) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    bpy.ops.wm.save_mainfile()
    path = Path(bpy.data.filepath)
    bpy.ops.wm.read_homefile(use_empty=True)
    moved = path.rename(odd_path / "renämed.blend")
    bpy.ops.wm.open_mainfile(filepath=str(moved))
    come_in(session, flow)


def test_a_renamed_scene_beside_a_copy_of_it_that_lost_its_mark(session: Any, scene: Any) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    name = scene.name
    mark = scene.motionfollower.scene_id
    scene.name = "Renämed"
    bpy.data.scenes.new(name).sequence_editor_create()
    # As an undo leaves it, since giving a mark is no step of its own.
    scene.motionfollower.scene_id = ""
    bpy.ops.wm.save_mainfile()
    assert scene.motionfollower.scene_id == mark, "a saved file is found again in a later session"
    scene.motionfollower.scene_id = ""
    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.DONE, flow.error
    assert [s.name for s in strips(scene) if s.get("motionfollower_job")] == [flow.strip]


def test_strip_deleted_and_rate_changed_meanwhile(session: Any, scene: Any) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    footage = next(iter(strips(scene)))
    where = (int(footage.frame_final_start), footage.channel)
    strips(scene).remove(footage)
    scene.render.fps = 30
    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.DONE, flow.error
    (take,) = strips(scene)
    assert (int(take.frame_final_start), take.channel) == (where[0], where[1] + 1)
    assert len(take.elements) == 6 and scene.render.fps == 30


def test_an_undone_take_comes_again_before_its_step_of_undo(session: Any, scene: Any) -> None:
    flow = start(session)
    tick(session, lambda: bool(flow.strip))
    assert flow.stage is FlowStage.BRINGING_IN
    take = next(strip for strip in strips(scene) if strip.get("motionfollower_job"))
    strips(scene).remove(take)
    tick(session, lambda: flow.stage.ended)
    assert takes() == [flow.strip]


def test_a_startup_file_carries_no_mark(session: Any, scene: Any, odd_path: Path) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    mark = scene.motionfollower.scene_id
    assert mark
    # As Save Startup File does, which would write into the user's own folder.
    from motionfollower_addon.host.run import session as module

    module.before_save("", None)
    assert scene.motionfollower.scene_id == ""
    module.after_save("", None)
    assert scene.motionfollower.scene_id == mark


def test_a_save_as_is_noted_beside_the_job(session: Any, scene: Any, odd_path: Path) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    first = bpy.data.filepath
    bpy.ops.wm.save_mainfile()
    assert home_scene.known_file(flow.folder, flow.origin) == first
    second = str(odd_path / "säved as.blend")
    bpy.ops.wm.save_as_mainfile(filepath=second)
    assert home_scene.known_file(flow.folder, flow.origin) == second
    tick(session, lambda: flow.stage.ended)
    session.forget(flow)

    bpy.ops.wm.open_mainfile(filepath=second)
    assert [job.folder for job in jobs_on_disk.refresh()] == [flow.folder]
    # It has the same scene with the same mark, but the job went with the other file.
    bpy.ops.wm.open_mainfile(filepath=first)
    assert jobs_on_disk.refresh() == ()


def test_try_again_only_in_the_file_of_the_run(session: Any, scene: Any) -> None:
    bpy.ops.wm.save_mainfile()
    path = bpy.data.filepath
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.SAMPLING)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert flow.stage is FlowStage.CANCELLED
    with pytest.raises(RuntimeError, match="which is not open"):
        bpy.ops.motionfollower.retry(folder=str(id(flow)))
    bpy.ops.wm.open_mainfile(filepath=path)
    bpy.ops.motionfollower.retry(folder=str(id(flow)))
    assert len(takes()) == 1


def test_a_file_that_could_not_be_opened_changes_nothing(
    session: Any, scene: Any, odd_path: Path
) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    broken = odd_path / "bröken.blend"
    broken.write_bytes(b"no blend")
    with pytest.raises(RuntimeError):
        bpy.ops.wm.open_mainfile(filepath=str(broken))
    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.DONE, flow.error
    assert flow.take_there and takes() == [flow.strip]


def test_a_scene_deleted_for_good_leaves_a_way(session: Any, scene: Any) -> None:
    other = bpy.data.scenes.new("Öther")
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    bpy.context.window_manager.windows[0].scene = other
    bpy.data.scenes.remove(scene)
    tick(session, lambda: flow.stage is FlowStage.BRINGING_IN)
    session.tick()
    assert flow.scene_gone and "was deleted. Bring it in here" in flow.progress()[1]
    assert takes() == []
    flow.destination.adopt(other)
    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.DONE, flow.error
    # Its footage comes along.
    assert len(strips(other)) == 2 and takes() == [flow.strip]
