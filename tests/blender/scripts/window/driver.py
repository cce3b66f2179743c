"""Drives Blender's window through one scenario: SCENARIO OUT. Run by test_window.py under Xvfb.

A scenario is a generator: it yields the seconds to wait before it goes on, and what it notes is
written to OUT/notes.json when it ends.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

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


def widest_button(picture: Path, region: Any) -> tuple[float, float]:
    """Middle of the one button that is nearly as wide as the sidebar, in pixels from lower left.

    It is found by looking: of runs of rows that share one colour, buttons have the brightest.
    """
    # The window's lower edge is the screen's, and image rows count from below.
    part = packed(picture)[
        region.y : region.y + region.height, region.x : region.x + region.width - 30
    ]
    values, counts = np.unique(part, return_counts=True)
    background = set(values[np.argsort(counts)[-2:]])
    found: list[tuple[int, int]] = []
    start, color = 0, -1
    for row in range(part.shape[0] + 1):
        this = -1
        if row < part.shape[0]:
            row_values, row_counts = np.unique(part[row], return_counts=True)
            best = int(row_counts.argmax())
            if row_counts[best] > 0.5 * part.shape[1] and row_values[best] not in background:
                this = int(row_values[best])
        if this != color:
            if color != -1 and row - start >= 8:
                found.append((color, (row + start) // 2))
            start, color = row, this
    if not found:
        raise RuntimeError(f"no wide button in {picture}")
    NOTES["buttons"] = found
    return (region.x + region.width / 2 - 15, region.y + max(found)[1])


def small_buttons(picture: Path, region: Any) -> list[int]:
    """Heights from below of the middles of buttons under the Render button, topmost first.

    Looked for at the left rim of what is at the right end of a row.
    """
    _, render = widest_button(picture, region)
    colour = max(NOTES["buttons"])[0]
    column = packed(picture)[:, region.x + region.width - RIGHT]
    found, start = [], None
    for y in range(region.y, int(render) - 16):
        same = column[y] == colour
        if same and start is None:
            start = y
        elif not same and start is not None:
            if y - start >= 14:
                found.append((y + start) // 2)
            start = None
    return found[::-1]


def packed(picture: Path) -> Any:
    """A picture's colours as whole numbers, [height, width], rows from below."""
    image = bpy.data.images.load(str(picture))
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    rgb = (pixels.reshape(height, width, 4)[..., :3] * 255).round().astype(int)
    return rgb @ (65536, 256, 1)


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
    """Note how long each drawing of the panel takes from now on."""
    NOTES["panel_ms"] = []

    def timed(panel: Any, draw: Any) -> Any:
        def draw_timed(self: Any, context: Any) -> None:
            begin = time.perf_counter()
            draw(self, context)
            NOTES["panel_ms"].append(round((time.perf_counter() - begin) * 1000, 3))

        return draw_timed

    for name in ("MF_PT_view3d", "MF_PT_sequencer"):
        panel = getattr(bpy.types, name)
        panel.draw = timed(panel, panel.draw)


def operate(name: str, **values: Any) -> None:
    """Call an operator as its button does."""
    with bpy.context.temp_override(window=window(), area=area("VIEW_3D"), region=sidebar()):
        getattr(bpy.ops.motionfollower, name)("INVOKE_DEFAULT", **values)


def takes() -> list[Any]:
    """Takes of the open file."""
    editor = window().scene.sequence_editor
    every = editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all
    return [strip for strip in every if strip.get("motionfollower_job")]


def stage() -> str:
    """Stage of the latest run."""
    return str(session().flows[-1].stage.name)


def press_render() -> Iterator[float]:
    """Click the Render button as a person does."""
    yield from show_tab()
    x, y = widest_button(photograph("panels"), sidebar())
    yield from click(x, y)
    yield from until(lambda: session().flows, 10)


def look() -> Iterator[float]:
    """Photograph the panels: closed, each section open, and in the Sequencer."""
    yield from show_tab()
    photograph("view3d")
    settings = window().scene.motionfollower
    for name in ("footage", "motion", "bones", "fit", "quality"):
        setattr(settings, f"show_{name}", True)
        area("VIEW_3D").tag_redraw()
        yield 0.2
        photograph(f"view3d-{name}")
        if name == "bones":
            operate("bones_edit")
            yield 0.2
            photograph("view3d-bone-list")
            operate("bones_clear")
        setattr(settings, f"show_{name}", False)
    yield from overlay()
    yield from show_tab("SEQUENCE_EDITOR")
    photograph("sequencer")


def overlay() -> Iterator[float]:
    """Look through the camera with the skeleton over the rig, at two times."""
    from bl_ext.user_default.motionfollower.host.view import overlay as module

    view = area("VIEW_3D").spaces.active.region_3d
    before = view.view_perspective
    view.view_perspective = "CAMERA"
    window().scene.motionfollower.show_overlay = True
    for frame in (1, 12):
        window().scene.frame_set(frame)
        area("VIEW_3D").tag_redraw()
        yield 0.2
        photograph(f"overlay-{frame}")
    NOTES["overlay_drawn"] = module.drawn()
    window().scene.motionfollower.show_overlay = False
    window().scene.frame_set(1)
    view.view_perspective = before
    yield 0.2


def render() -> Iterator[float]:
    """Photograph the panels, click Render, watch, and find the take."""
    yield from look()
    time_panels()
    yield from press_render()
    yield from until(lambda: stage() == "BACKEND" and session().flows[-1].status.frame)
    photograph("running")
    yield from until(lambda: session().flows[-1].stage.ended)
    NOTES["stage"] = stage()
    NOTES["takes"] = [[strip.name, strip.channel, strip.mute] for strip in takes()]
    NOTES["hold"] = session().longest_hold
    photograph("done")
    yield from show_tab("SEQUENCE_EDITOR")
    photograph("sequencer")


RIGHT, MIDDLE, LEFT = 63, 84, 105
"""Pixels from the sidebar's right edge to the left rims of a run's small buttons."""


def click_run(inset: int, row: int = 0) -> Iterator[float]:
    """A true click on one of a run's buttons; `row` counts them from the top."""
    region = sidebar()
    # Away from the buttons, which light up under the mouse.
    window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=200, y=200)
    yield 0.2
    rows = small_buttons(photograph("buttons"), region)
    yield from click(region.x + region.width - inset + 4, rows[row])


def cancel() -> Iterator[float]:
    """Click Render, and Cancel midway."""
    yield from press_render()
    yield from until(lambda: stage() == "BACKEND")
    yield from click_run(RIGHT)
    yield from until(lambda: session().flows[-1].stage.ended, 20)
    NOTES["cancel"] = [stage(), len(takes())]
    photograph("cancelled")


def watch_opened() -> Path:
    """Let what Blender opens outside be noted in a file instead."""
    tools = OUT / "tools"
    tools.mkdir(exist_ok=True)
    note = OUT / "opened"
    note.unlink(missing_ok=True)
    tool = tools / "xdg-open"
    tool.write_text(f"#!/bin/sh\nprintf %s \"$1\" > '{note}'\n", encoding="utf-8")
    tool.chmod(0o755)
    os.environ["PATH"] = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return note


def use_the_buttons(flow: Any) -> Iterator[float]:
    """Open the folder, copy the report and read the log of a run that failed."""
    note = watch_opened()
    yield from click_run(LEFT)
    yield from until(note.is_file, 10)
    NOTES["opened"] = Path(note.read_text(encoding="utf-8")) == flow.folder
    yield from click_run(MIDDLE)
    NOTES["copied"] = bpy.context.window_manager.clipboard[:4000]
    yield from click_run(RIGHT, -1)
    yield 0.5
    windows = bpy.context.window_manager.windows
    text = windows[-1].screen.areas[0].spaces.active.text if len(windows) == 2 else None
    NOTES["log_shown"] = text.as_string() if text is not None else ""
    photograph("log")
    if len(windows) == 2:
        with bpy.context.temp_override(window=windows[1]):
            bpy.ops.wm.window_close()
    yield 0.3


def trouble() -> Iterator[float]:
    """Cancel midway and resume; kill the backend midway, see why with the log, and go on."""
    yield from cancel()
    flow = session().flows[-1]
    yield from click_run(RIGHT, -1)
    yield from until(lambda: session().flows[-1] is not flow, 10)
    flow = session().flows[-1]
    yield from until(lambda: flow.status is not None and flow.status.frame)
    os.kill(session().backend.process.pid, 9)
    yield from until(lambda: flow.stage.ended, 10)
    NOTES["error_words"] = str(flow.error)
    NOTES["log"] = flow.log
    photograph("killed")
    yield from use_the_buttons(flow)
    frames = {str(p): p.stat().st_mtime_ns for p in flow.folder.glob("outputs/frames/[0-9]*.png")}
    yield from click_run(200, -1)
    yield from until(lambda: session().flows[-1] is not flow, 10)
    yield from until(lambda: session().flows[-1].stage.ended)
    after = {str(p): p.stat().st_mtime_ns for p in flow.folder.glob("outputs/frames/[0-9]*.png")}
    NOTES["kept"] = all(after[path] == when for path, when in frames.items())
    NOTES["kept_count"] = len(frames)
    NOTES["stage"] = stage()
    NOTES["takes"] = len(takes())
    photograph("resumed")
    yield from click_run(RIGHT)
    yield 0.3
    NOTES["left"] = len(session().flows)


def begin() -> Iterator[float]:
    """Click Render and tell when frames come; the test then kills Blender."""
    yield from press_render()
    yield from until(lambda: stage() == "BACKEND" and session().flows[-1].status.frame)
    (OUT / "frames-come").write_text(str(session().backend.process.pid))
    yield 600.0


def resume() -> Iterator[float]:
    """After a new start: the job is listed; go on with it."""
    yield from show_tab()
    yield from until(lambda: session().waiting, 10)
    photograph("waiting")
    operate("retry", folder=str(session().waiting[0].folder))
    yield from until(lambda: session().flows[-1].stage.ended)
    NOTES["stage"] = stage()
    NOTES["takes"] = len(takes())
    photograph("resumed")


SCENARIOS = {
    "look": look,
    "render": render,
    "trouble": trouble,
    "begin": begin,
    "resume": resume,
}


def finish(code: int) -> None:
    """Write what was noted and leave."""
    (OUT / "notes.json").write_text(json.dumps(NOTES), encoding="utf-8")
    sys.stdout.flush()
    if code:
        os._exit(code)
    bpy.types.SpaceView3D.draw_handler_remove(HANDLE, "WINDOW")
    bpy.ops.wm.quit_blender()


def main() -> None:
    """Step the scenario from a timer."""
    steps = SCENARIOS[SCENARIO]()

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


if __name__ == "__main__":
    main()
