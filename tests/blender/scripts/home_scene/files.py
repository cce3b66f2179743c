"""Other files opened, and this one saved, while a job runs."""

import shutil
from collections.abc import Iterator
from typing import Any

import bpy
from home_scene.shot import (
    FEW,
    NOTES,
    SAVED,
    SHOT,
    ended,
    forget_all,
    fresh,
    held_strips,
    in_window,
    open_file,
    operate,
    photograph,
    reach,
    render,
    sampled,
    scene,
    takes,
    until,
    untouched,
    words,
)
from loading import scenes


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
