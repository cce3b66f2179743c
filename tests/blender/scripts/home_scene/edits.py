"""What is undone, deleted or rendered in the file while a job runs, and quitting."""

import json
import shutil
import threading
from collections.abc import Iterator
from typing import Any

import bpy
from home_scene.shot import (
    FRAME,
    NOTES,
    OUT,
    SHOT,
    ended,
    fresh,
    held_strips,
    in_window,
    key,
    large,
    operate,
    photograph,
    reach,
    render,
    sampled,
    scene,
    takes,
    until,
    words,
)
from loading import scenes
from window import driver


def empties() -> int:
    """How many empties there are: the user's own steps."""
    return sum(item.type == "EMPTY" for item in scene().objects)


def add_empty() -> None:
    """A step of the user's, with its step of undo."""
    with in_window():
        bpy.ops.object.empty_add("EXEC_DEFAULT", True)


def undoing() -> Iterator[float]:
    """Undone and done again while the motion is read, while it works, and after it came in."""
    yield from fresh()
    add_empty()
    add_empty()
    scene().frame_set(FRAME)
    flow = render()
    yield from sampled(flow)
    yield from key("Z", ctrl=True)
    yield from until(lambda: empties() == 1, 5)
    yield from reach(flow, "BACKEND")
    note = {"frame": scene().frame_current, "undone": empties()}
    yield from key("Z", ctrl=True, shift=True)
    yield from until(lambda: empties() == 2, 5)
    note["stage"] = flow.stage.name
    yield from ended(flow)
    note["came"] = [flow.stage.name, takes() == [flow.strip], empties()]
    note["words"] = [words()]
    yield from key("Z", ctrl=True)
    yield from until(lambda: not takes(), 5)
    note["empties"] = empties()
    note["words"].append(words())
    photograph("undone")
    yield from key("Z", ctrl=True, shift=True)
    yield from until(lambda: bool(takes()), 5)
    note["words"].append(words())
    yield from key("Z", ctrl=True)
    yield from until(lambda: not takes(), 5)
    operate("bring_in", folder=str(flow.folder))
    yield from until(lambda: bool(takes()), 10)
    note["again"] = len(takes())
    yield from ended(driver.session().flows[-1])
    note["words"].append(words())
    NOTES["undoing"] = note


def two_scenes() -> Iterator[float]:
    """A job of one scene ends while another is worked on; and one of the Sequencer's own scene."""
    yield from fresh()
    first = scene()
    second = bpy.data.scenes.new("Sïde")
    scenes().add_footage(second, SHOT.parent / "footage" / "clip", start=1)
    flow = render()
    yield from reach(flow, "BACKEND")
    driver.window().scene = second
    before = held_strips(second)
    yield from ended(flow)
    note = {"came": [flow.stage.name, takes(first) == [flow.strip]]}
    note["other"] = held_strips(second) == before and second.frame_current == 1
    photograph("two-scenes")
    driver.window().scene = first
    workspace = driver.window().workspace
    if hasattr(workspace, "sequencer_scene"):
        workspace.sequencer_scene = second
        flow = render()
        yield from ended(flow)
        note["sequencer"] = [flow.stage.name, takes(second) == [flow.strip], len(takes(first))]
        note["about"] = [flow.origin.scene, flow.origin.rig_scene]
        note["words"] = words()
        photograph("sequencer-scene")
    NOTES["two_scenes"] = note


def gone() -> Iterator[float]:
    """What a job needs is deleted or renamed under it."""
    yield from fresh()
    flow = render()
    yield from reach(flow, "BACKEND")
    scenes().strips(scene()).remove(next(iter(scenes().strips(scene()))))
    scene().name = "Renämed"
    yield from ended(flow)
    note = {"strip": [flow.stage.name, held_strips(), words()]}
    photograph("strip-deleted")

    yield from fresh()
    rig = scene().objects["Rig"]
    flow = render()
    yield from sampled(flow)
    with in_window():
        bpy.ops.object.select_all(action="DESELECT")
        rig.select_set(True)
        bpy.ops.object.delete("EXEC_DEFAULT", True)
    yield from ended(flow)
    note["rig"] = [flow.stage.name, scene().frame_current, words()]
    photograph("rig-deleted")

    yield from fresh()
    flow = render()
    yield from reach(flow, "BRINGING_IN")
    shutil.rmtree(flow.folder)
    yield from ended(flow)
    note["folder"] = [flow.stage.name, held_strips(), words()]
    photograph("folder-deleted")
    operate("retry", folder=str(flow.folder))
    flow = driver.session().flows[-1]
    yield from ended(flow)
    note["again"] = [flow.stage.name, takes() == [flow.strip]]
    NOTES["gone"] = note


def rendering() -> Iterator[float]:
    """A take that is ready while an animation is being rendered."""
    yield from fresh()
    which = scene()
    which.render.engine = "BLENDER_WORKBENCH"
    which.render.use_sequencer = False
    which.render.filepath = str(SHOT.parent / "rendered" / "#")
    which.frame_end = 2
    bpy.context.preferences.view.render_display_type = "NONE"
    # A frame that takes as long as we say; Blender renders in a thread of its own.
    go_on = threading.Event()

    def slow(*_: Any) -> None:
        go_on.wait(60)

    bpy.app.handlers.render_post.append(slow)
    flow = render()
    yield from reach(flow, "BACKEND")
    with in_window():
        bpy.ops.render.render("INVOKE_DEFAULT", animation=True)
    yield from reach(flow, "BRINGING_IN")
    yield 0.5
    note = {"rendering": bpy.app.is_job_running("RENDER"), "takes": takes(), "words": words()}
    photograph("rendering")
    go_on.set()
    yield from until(lambda: not bpy.app.is_job_running("RENDER"), 20)
    bpy.app.handlers.render_post.remove(slow)
    yield from ended(flow)
    note["came"] = [flow.stage.name, takes() == [flow.strip], scene().frame_current]
    NOTES["rendering"] = note


def leave() -> Iterator[float]:
    """Quit as a person does, saving when asked, while a job runs."""
    yield from fresh()
    add_empty()
    yield from key("Q", ctrl=True)
    photograph("quit")
    yield from key("ESC")
    # All frames, so that it is not over before Blender is.
    scene().motionfollower.count = 0
    flow = render()
    yield from reach(flow, "BACKEND")
    NOTES["leave"] = {"pid": driver.session().backend.process.pid, "folder": str(flow.folder)}
    (OUT / "notes.json").write_text(json.dumps(NOTES), encoding="utf-8")
    bpy.types.SpaceView3D.draw_handler_remove(driver.HANDLE, "WINDOW")
    # The file is opened again as it is saved now, and the driver waits for a 3D View.
    large().type = "VIEW_3D"
    yield 0.0
    yield from key("Q", ctrl=True)
    yield from key("RET")
    yield 20.0
    raise TimeoutError("Blender did not quit")
