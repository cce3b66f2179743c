"""Drives Blender's window through one scenario, for the scripts beside it: SCENARIO OUT.

A scenario is a generator: it yields the seconds to wait before it goes on, and what it notes is
written to OUT/notes.json when it ends.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from loading import ARGUMENTS

SCENARIO, OUT = ARGUMENTS[0], Path(ARGUMENTS[1])
NOTES: dict[str, Any] = {}
DRAWS = [0]


def counted() -> None:
    """Counts what the 3D View draws; the window is usable after the first."""
    DRAWS[0] += 1


HANDLE = bpy.types.SpaceView3D.draw_handler_add(counted, (), "WINDOW", "POST_PIXEL")


def window() -> Any:
    """The one window."""
    return bpy.context.window_manager.windows[0]


def area(kind: str) -> Any:
    """The area of a kind."""
    return next(item for item in window().screen.areas if item.type == kind)


def redraw() -> None:
    """Draw the window now."""
    with bpy.context.temp_override(window=window()):
        bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)


def photograph(name: str) -> Path:
    """Draw the window and keep a picture of it."""
    redraw()
    path = OUT / f"{name}.png"
    subprocess.run(["import", "-window", "root", str(path)], check=True)
    return path


def session() -> Any:
    """The add-on's session."""
    from bl_ext.user_default.motionfollower.host.run.session import current

    return current()


def show_tab(kind: str = "VIEW_3D") -> Iterator[float]:
    """Open the sidebar of the large area at the add-on's tab, as a 3D View or a Sequencer."""
    while DRAWS[0] < 2:
        yield 0.1
    large = max(window().screen.areas, key=lambda item: item.width * item.height)
    if large.type != kind:
        large.type = kind
        yield 0.3
    workspace = window().workspace
    if hasattr(workspace, "sequencer_scene"):
        workspace.sequencer_scene = window().scene
    large.spaces.active.show_region_ui = True
    # A sidebar has no tabs before it was drawn.
    redraw()
    yield 0.3
    sidebar(kind).active_panel_category = "MotionFollower"
    large.tag_redraw()
    redraw()
    yield 0.3


def sidebar(kind: str = "VIEW_3D") -> Any:
    """The sidebar of an area."""
    return next(item for item in area(kind).regions if item.type == "UI")


def until(condition: Any, seconds: float = 90) -> Iterator[float]:
    """Wait until something is so."""
    stop = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > stop:
            raise TimeoutError(f"after {seconds} s: {[f.progress() for f in session().flows]}")
        yield 0.05


def click(x: float, y: float) -> Iterator[float]:
    """A true click at pixels from the lower left."""
    for kind, value in (
        ("MOUSEMOVE", "NOTHING"),
        ("MOUSEMOVE", "NOTHING"),
        ("LEFTMOUSE", "PRESS"),
        ("LEFTMOUSE", "RELEASE"),
    ):
        window().event_simulate(type=kind, value=value, x=int(x), y=int(y))
        yield 0.15


def time_panels() -> None:
    """Note how much of the processor each drawing of the panel takes from now on, whatever else
    the machine does meanwhile."""
    NOTES["panel_ms"] = []

    def timed(panel: Any, draw: Any) -> Any:
        def draw_timed(self: Any, context: Any) -> None:
            begin = time.thread_time()
            draw(self, context)
            NOTES["panel_ms"].append(round((time.thread_time() - begin) * 1000, 3))

        return draw_timed

    for name in ("MF_PT_view3d", "MF_PT_sequencer"):
        panel = getattr(bpy.types, name)
        panel.draw = timed(panel, panel.draw)


def operate(name: str, /, **values: Any) -> None:
    """Call an operator as its button does."""
    with bpy.context.temp_override(window=window(), area=area("VIEW_3D"), region=sidebar()):
        getattr(bpy.ops.motionfollower, name)("INVOKE_DEFAULT", **values)


def operate_in_sequencer(name: str, **values: Any) -> None:
    """The same in the Sequencer's sidebar."""
    kind = "SEQUENCE_EDITOR"
    with bpy.context.temp_override(window=window(), area=area(kind), region=sidebar(kind)):
        getattr(bpy.ops.motionfollower, name)("INVOKE_DEFAULT", **values)


def takes() -> list[Any]:
    """Takes of the open file."""
    editor = window().scene.sequence_editor
    every = editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all
    return [strip for strip in every if strip.get("motionfollower_job")]


def stage() -> str:
    """Stage of the latest run."""
    return str(session().flows[-1].stage.name)


def frames_come() -> bool:
    """Whether the latest run makes frames."""
    return stage() == "BACKEND" and bool(session().flows[-1].status.frame)


def finish(code: int) -> None:
    """Write what was noted and leave."""
    (OUT / "notes.json").write_text(json.dumps(NOTES), encoding="utf-8")
    sys.stdout.flush()
    if code:
        os._exit(code)
    bpy.types.SpaceView3D.draw_handler_remove(HANDLE, "WINDOW")
    bpy.ops.wm.quit_blender()


def main(scenarios: dict[str, Callable[[], Iterator[float]]]) -> None:
    """Step the scenario that the command line names from a timer."""
    steps = scenarios[SCENARIO]()

    def step() -> float | None:
        try:
            return next(steps)
        except StopIteration:
            finish(0)
            return None
        except BaseException:  # noqa: BLE001 - told to the test, which fails
            NOTES["error"] = traceback.format_exc()
            try:
                photograph("error")
            finally:
                finish(7)
            return None

    # Scenarios may open other files.
    bpy.app.timers.register(step, first_interval=1.0, persistent=True)
