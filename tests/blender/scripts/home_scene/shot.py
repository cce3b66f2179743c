"""The shot in the window: its runs, its files, the keys that a person presses, and what is said."""

import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from loading import paper, scenes
from window import driver

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
