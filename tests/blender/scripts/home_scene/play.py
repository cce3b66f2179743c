"""What people do to their file while a job runs: home_scene OUT. For test_home_scene_window.py.

Each part notes under its own name what it saw; the last one quits Blender while a job runs.
"""

import json
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from window import driver
from loading import paper, scenes

NOTES, OUT = driver.NOTES, driver.OUT
FRAME = 60
"""The frame that the user looks at; no sample is taken there."""
KIND = "SEQUENCE_EDITOR"
"""The large area: it shows strips, and is drawn much faster than a 3D View without a card."""
FEW = 6
"""Frames of most runs; the shot has more."""
SHOT = Path(bpy.data.filepath)
SAVED = SHOT.parent / "saved"
"""Files that the test looks into afterwards."""


def scene() -> Any:
    """The window's scene."""
    return driver.window().scene


def operate(name: str, **values: Any) -> None:
    """Call one of our operators as its button does."""
    with in_window():
        getattr(bpy.ops.motionfollower, name)("INVOKE_DEFAULT", **values)


def render() -> Any:
    """Press Render; the run."""
    operate("render")
    return driver.session().flows[-1]


def until(condition: Any, seconds: float = 60) -> Iterator[float]:
    """Wait until something is so, looking as often as Blender lets us."""
    stop = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > stop:
            flows = [(f.stage.name, f.progress(), str(f.error)) for f in driver.session().flows]
            raise TimeoutError(f"after {seconds} s: {flows}")
        yield 0.0


def reach(flow: Any, stage: str) -> Iterator[float]:
    """Wait until a run has come to a stage, which it must not have left."""
    yield from until(lambda: flow.stage.name == stage or flow.stage.ended)
    if flow.stage.name != stage:
        raise RuntimeError(f"{flow.stage.name} instead of {stage}: {flow.error}")


def sampled(flow: Any, count: int = 3) -> Iterator[float]:
    """Wait until so many samples were taken, with more to come."""
    yield from until(lambda: flow.preparation.samples[0] >= count)
    done, total = flow.preparation.samples
    if done >= total:
        raise RuntimeError("sampling was over too soon")


def ended(flow: Any) -> Iterator[float]:
    """Wait for a run's end."""
    yield from until(lambda: flow.stage.ended)


def large() -> Any:
    """The large area."""
    return max(driver.window().screen.areas, key=lambda item: item.width * item.height)


def in_window() -> Any:
    """A context with window, area and region, as a person's hand gives it."""
    found = large()
    region = next(item for item in found.regions if item.type == "WINDOW")
    return bpy.context.temp_override(window=driver.window(), area=found, region=region)


def open_file(path: Path | None) -> Iterator[float]:
    """Open a file, or a new one, and the add-on's tab in it."""
    with bpy.context.temp_override(window=driver.window()):
        if path is None:
            bpy.ops.wm.read_homefile(load_ui=False)
        else:
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
    workspace = driver.window().workspace
    if hasattr(workspace, "sequencer_scene"):
        workspace.sequencer_scene = scene()
    yield 0.1


def key(name: str, **held: bool) -> Iterator[float]:
    """A key pressed and released over the large area, with others held."""
    area = large()
    x, y = area.x + area.width // 3, area.y + area.height // 2
    driver.window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    driver.window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=x + 1, y=y)
    yield 0.05
    for value in ("PRESS", "RELEASE"):
        driver.window().event_simulate(type=name, value=value, x=x + 1, y=y, **held)
        yield 0.05


def words() -> str:
    """What the Render and Takes sections say."""
    from bl_ext.user_default.motionfollower.panels import queue
    from bl_ext.user_default.motionfollower.panels.sections import takes

    drawn = paper().Paper()
    with bpy.context.temp_override(window=driver.window()):
        seen = SimpleNamespace(
            scene=scene(), workspace=driver.window().workspace, region=None,
            preferences=bpy.context.preferences,
            window_manager=bpy.context.window_manager, view_layer=driver.window().view_layer,
        )  # fmt: skip
        queue.draw_queue(drawn, seen)
        takes.draw(drawn, seen, scene().motionfollower)
    return drawn.text


def photograph(name: str) -> None:
    """The Render and Takes sections, as they are."""
    settings = scene().motionfollower
    before = (settings.show_render, settings.show_takes)
    settings.show_render = settings.show_takes = True
    driver.photograph(f"home-{name}")
    settings.show_render, settings.show_takes = before


def held_strips(which: Any = None) -> list[list[Any]]:
    """[name, channel, job] of a scene's strips."""
    which = which or scene()
    if which.sequence_editor is None:
        return []
    return [
        [strip.name, strip.channel, strip.get("motionfollower_job", "")]
        for strip in scenes().every_strip(which)
    ]


def takes(which: Any = None) -> list[str]:
    """Names of a scene's takes."""
    return [name for name, _, job in held_strips(which) if job]


def untouched() -> list[Any]:
    """What must not change in a file that a job was not made for."""
    rigs = [item for item in bpy.data.objects if item.type == "ARMATURE"]
    return [
        bpy.data.is_dirty,
        [[item.name, item.frame_current, held_strips(item)] for item in bpy.data.scenes],
        [rig.animation_data.action.name for rig in rigs if rig.animation_data],
    ]


def forget_all() -> None:
    """Take ended runs off the list, so that words and pictures show one."""
    for flow in list(driver.session().flows):
        driver.session().forget(flow)


def fresh() -> Iterator[float]:
    """The shot as it was first saved, with an empty queue and no jobs on disk."""
    forget_all()
    shutil.rmtree(SHOT.parent / "motionfollower", ignore_errors=True)
    yield from open_file(SHOT)
    scene().frame_set(FRAME)
    scene().motionfollower.count = FEW


def elsewhere(name: str, path: Any) -> Iterator[float]:
    """A job ends while another file is open; then its own is opened again."""
    yield from fresh()
    flow = render()
    yield from reach(flow, "BACKEND")
    bpy.ops.wm.save_mainfile()
    if path is not None:
        # A copy of the very file is the hardest: it has the same scene with the same mark.
        shutil.copy(SHOT, path)
    yield from open_file(path)
    before = untouched()
    yield from reach(flow, "BRINGING_IN")
    # Some looks for its scene.
    yield 0.5
    note = {"untouched": untouched() == before, "before": before, "stage": flow.stage.name}
    note["words"] = words()
    photograph(name)
    yield from open_file(SHOT)
    yield from ended(flow)
    note["came"] = [flow.stage.name, takes() == [flow.strip], bpy.data.is_dirty]
    NOTES[name] = note


def new_shot() -> Iterator[float]:
    """A shot in a file that was never saved."""
    yield from open_file(None)
    with in_window():
        for item in list(bpy.data.objects):
            bpy.data.objects.remove(item)
        scenes().fill_scene(scene(), SHOT.parent, FEW)


def never_saved() -> Iterator[float]:
    """The job of a file that was never saved, which is closed meanwhile."""
    forget_all()
    yield from new_shot()
    flow = render()
    yield from reach(flow, "BACKEND")
    note = {"file": bpy.data.filepath, "folder": str(flow.folder)}
    yield from open_file(SHOT)
    before = untouched()
    yield from reach(flow, "BRINGING_IN")
    # Some looks for its scene.
    yield 0.5
    note |= {"untouched": untouched() == before, "words": words()}
    photograph("never-saved")
    operate("bring_in", folder=str(flow.folder), here=True)
    yield from ended(flow)
    note["came"] = [flow.stage.name, held_strips(), words()]
    photograph("brought-in-here")
    NOTES["never_saved"] = note


def first_save() -> Iterator[float]:
    """A file that was never saved is saved for the first time while its job runs."""
    forget_all()
    yield from new_shot()
    flow = render()
    yield from reach(flow, "BACKEND")
    bpy.ops.wm.save_as_mainfile(filepath=str(SAVED / "0 first.blend"))
    yield from open_file(SHOT)
    yield from reach(flow, "BRINGING_IN")
    yield from open_file(SAVED / "0 first.blend")
    yield from ended(flow)
    NOTES["first_save"] = {"came": [flow.stage.name, takes() == [flow.strip]], "words": words()}
    bpy.ops.wm.save_mainfile()


def saving() -> Iterator[float]:
    """Saved and saved as while the motion is read, while it works, and when the take comes in."""
    yield from fresh()
    flow = render()
    yield from sampled(flow)
    # As saved, before the very next sample.
    bpy.ops.wm.save_as_mainfile(filepath=str(SAVED / "1 sämpling.blend"))
    note = {"frame": scene().frame_current}
    yield from sampled(flow)
    bpy.ops.wm.save_mainfile()
    shutil.copy(bpy.data.filepath, SAVED / "2 sämpling again.blend")
    yield from reach(flow, "BACKEND")
    bpy.ops.wm.save_as_mainfile(filepath=str(SAVED / "3 working.blend"))
    yield from until(lambda: bool(flow.strip))
    note["stage"] = flow.stage.name
    bpy.ops.wm.save_as_mainfile(filepath=str(SAVED / "4 arriving.blend"))
    yield from ended(flow)
    note["came"] = [flow.stage.name, takes() == [flow.strip]]
    bpy.ops.wm.save_mainfile()
    NOTES["saving"] = note


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


def home_scene() -> Iterator[float]:
    """All of them."""
    SAVED.mkdir()
    yield from driver.show_tab(KIND)
    other = SHOT.parent / "öther.blend"
    for part in (
        elsewhere("elsewhere", other),
        elsewhere("new_file", None),
        never_saved(),
        first_save(),
        saving(),
        undoing(),
        two_scenes(),
        gone(),
        rendering(),
        leave(),
    ):
        begin = time.monotonic()
        yield from part
        NOTES.setdefault("seconds", {})[part.__name__] = round(time.monotonic() - begin, 1)
        (OUT / "notes.json").write_text(json.dumps(NOTES), encoding="utf-8")


driver.SCENARIOS["home_scene"] = home_scene
driver.main()
