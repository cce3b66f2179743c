"""Files open and close while jobs run: results find their scene, and no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from motionfollower_addon.host.panel_shot import to_shot
from motionfollower_addon.host.run import jobs_on_disk
from motionfollower_addon.host.run.flow import RenderFlow
from motionfollower_addon.host.run.stages import FlowStage
from tests.addon.scenes import every_strip, make_scene, strips


def start(session: Any) -> RenderFlow:
    """A run as the button starts it; `tick` stands in for the timer that background has not."""
    flow: RenderFlow = session.make_flow(to_shot(bpy.context.scene))
    session.add(flow)
    return flow


def tick(session: Any, until: Callable[[], bool], seconds: float = 60) -> None:
    """Let the session work until something is so."""
    stop = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < stop, [flow.progress() for flow in session.flows]
        session.tick()
        time.sleep(0.005)


def come_in(session: Any, flow: RenderFlow) -> None:
    """Step until the run has ended with its strip as the one take."""
    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.DONE, flow.error
    assert takes() == [flow.strip]


def takes() -> list[str]:
    """Names of the takes in all scenes of the open file."""
    return [
        strip.name
        for scene in bpy.data.scenes
        if scene.sequence_editor
        for strip in every_strip(scene)
        if strip.get("motionfollower_job")
    ]


def test_a_result_waits_for_its_file(session: Any, scene: Any, odd_path: Path) -> None:
    bpy.ops.wm.save_mainfile()
    path = bpy.data.filepath
    flow = start(session)
    bpy.ops.wm.save_mainfile()
    tick(session, lambda: flow.stage is FlowStage.BACKEND)

    bpy.ops.wm.read_homefile(use_empty=True)
    tick(session, lambda: flow.stage is FlowStage.BRINGING_IN)
    assert takes() == []

    bpy.ops.wm.open_mainfile(filepath=path)
    come_in(session, flow)


def test_a_result_follows_save_as(session: Any, scene: Any, odd_path: Path) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)

    bpy.context.scene.name = "Renamed"
    bpy.ops.wm.save_as_mainfile(filepath=str(odd_path / "other näme.blend"))
    come_in(session, flow)


def test_a_scene_of_the_same_name_in_another_file_gets_nothing(
    session: Any, scene: Any, odd_path: Path
) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)

    make_scene(odd_path, name="twin")
    tick(session, lambda: flow.stage is FlowStage.BRINGING_IN)

    assert bpy.context.scene.name == flow.origin.scene
    assert takes() == []


def test_saving_while_the_motion_is_read_keeps_the_users_frame_and_action(
    session: Any, scene: Any
) -> None:
    other = bpy.data.actions.new("mine")
    armature = bpy.data.objects["Rig"]
    scene.motionfollower.action = bpy.data.actions["Wäve"]
    armature.animation_data.action = other
    scene.frame_set(77)
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.SAMPLING and flow.progress()[0] > 0)
    assert scene.frame_current != 77

    bpy.ops.wm.save_mainfile()
    assert scene.frame_current == 77
    assert armature.animation_data.action == other

    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.DONE, flow.error
    assert scene.frame_current == 77


def test_a_cancelled_run_is_listed_and_goes_on(session: Any, scene: Any) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    flow.cancel()
    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.CANCELLED
    assert takes() == []
    session.forget(flow)
    jobs_on_disk.refresh()
    assert [job.folder for job in session.waiting] == [flow.folder]

    bpy.ops.motionfollower.retry(folder=str(flow.folder))

    assert len(takes()) == 1
    assert session.waiting == ()


def test_a_finished_job_can_be_brought_in_again(session: Any, scene: Any) -> None:
    bpy.ops.motionfollower.render()
    take = next(strip for strip in strips(scene) if strip.get("motionfollower_job"))
    strips(scene).remove(take)
    (job,) = jobs_on_disk.refresh()
    assert job.finished

    bpy.ops.motionfollower.bring_in(folder=str(job.folder))

    assert len(takes()) == 1
    bpy.ops.motionfollower.bring_in(folder=str(job.folder))
    assert len(takes()) == 1, "once is enough"


def test_closing_the_file_while_the_motion_is_read_ends_the_run(session: Any, scene: Any) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.SAMPLING)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert flow.stage is FlowStage.CANCELLED
    assert "closed" in str(flow.error)


def test_no_step_holds_blender_long(session: Any, scene: Any) -> None:
    session.longest_hold = (0.0, "")
    flow = start(session)
    tick(session, lambda: flow.stage.ended)
    seconds, stage = session.longest_hold
    print(f"longest hold {seconds * 1000:.1f} ms, in {stage}")
    assert flow.stage is FlowStage.DONE, flow.error
    assert seconds < 0.25, "the bound of 30 ms is measured on a quiet machine, by a benchmark"


def test_switching_off_leaves_nothing(registered: Any) -> None:
    before = {name for name in dir(bpy.types) if "_MF_" in name or name.startswith("MF_")}
    assert before
    registered.unregister()
    try:
        assert not [name for name in dir(bpy.types) if name in before]
        assert not hasattr(bpy.types.Scene, "motionfollower")
        for name in ("save_pre", "undo_pre", "redo_pre", "load_pre", "load_post"):
            functions = getattr(bpy.app.handlers, name)
            assert not [f for f in functions if f.__module__.startswith("motionfollower_addon")]
    finally:
        registered.register()


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_scene_mark_may_be_undone(session: Any, scene: Any, when: str) -> None:
    flow = start(session)
    tick(session, lambda: flow.stage is FlowStage.BACKEND)
    scene.motionfollower.scene_id = "" if when == "before" else scene.motionfollower.scene_id
    tick(session, lambda: flow.stage.ended)
    assert flow.stage is FlowStage.DONE
