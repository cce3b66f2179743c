"""Takes of a shot in the window: rendered, cancelled, killed and resumed. For test_window.py."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from window import driver
from window.buttons import LEFT, MIDDLE, RIGHT, click_run, press_render


def look() -> Iterator[float]:
    """Photograph the panels: closed, each section open, and in the Sequencer."""
    yield from driver.show_tab()
    driver.photograph("view3d")
    settings = driver.window().scene.motionfollower
    for name in ("footage", "actor", "motion", "bones", "fit", "quality"):
        setattr(settings, f"show_{name}", True)
        driver.area("VIEW_3D").tag_redraw()
        yield 0.2
        driver.photograph(f"view3d-{name}")
        if name == "bones":
            driver.operate("bones_edit")
            yield 0.2
            driver.photograph("view3d-bone-list")
            driver.operate("bones_clear")
        setattr(settings, f"show_{name}", False)
    yield from overlay()
    yield from driver.show_tab("SEQUENCE_EDITOR")
    driver.photograph("sequencer")


def overlay() -> Iterator[float]:
    """Look through the camera with the skeleton over the rig, at two times."""
    from bl_ext.user_default.motionfollower.host.view import overlay as module

    view = driver.area("VIEW_3D").spaces.active.region_3d
    before = view.view_perspective
    view.view_perspective = "CAMERA"
    driver.window().scene.motionfollower.show_overlay = True
    for frame in (1, 12):
        driver.window().scene.frame_set(frame)
        driver.area("VIEW_3D").tag_redraw()
        yield 0.2
        driver.photograph(f"overlay-{frame}")
    driver.NOTES["overlay_drawn"] = module.drawn()
    driver.window().scene.motionfollower.show_overlay = False
    driver.window().scene.frame_set(1)
    view.view_perspective = before
    yield 0.2


def render() -> Iterator[float]:
    """Photograph the panels, click Render, watch, and find the take."""
    yield from look()
    driver.time_panels()
    yield from press_render()
    yield from driver.until(
        lambda: driver.stage() == "BACKEND" and driver.session().flows[-1].status.frame
    )
    driver.photograph("running")
    yield from driver.until(lambda: driver.session().flows[-1].stage.ended)
    driver.NOTES["stage"] = driver.stage()
    driver.NOTES["takes"] = [[strip.name, strip.channel, strip.mute] for strip in driver.takes()]
    driver.NOTES["hold"] = driver.session().longest_hold
    driver.photograph("done")
    yield from driver.show_tab("SEQUENCE_EDITOR")
    driver.photograph("sequencer")


def cancel() -> Iterator[float]:
    """Click Render, and Cancel midway."""
    yield from press_render()
    yield from driver.until(lambda: driver.stage() == "BACKEND")
    yield from click_run(RIGHT)
    yield from driver.until(lambda: driver.session().flows[-1].stage.ended, 20)
    driver.NOTES["cancel"] = [driver.stage(), len(driver.takes())]
    driver.photograph("cancelled")


def watch_opened() -> Path:
    """Let what Blender opens outside be noted in a file instead."""
    tools = driver.OUT / "tools"
    tools.mkdir(exist_ok=True)
    note = driver.OUT / "opened"
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
    yield from driver.until(note.is_file, 10)
    driver.NOTES["opened"] = Path(note.read_text(encoding="utf-8")) == flow.folder
    yield from click_run(MIDDLE)
    driver.NOTES["copied"] = bpy.context.window_manager.clipboard[:4000]
    yield from click_run(RIGHT, -1)
    yield 0.5
    windows = bpy.context.window_manager.windows
    text = windows[-1].screen.areas[0].spaces.active.text if len(windows) == 2 else None
    driver.NOTES["log_shown"] = text.as_string() if text is not None else ""
    driver.photograph("log")
    if len(windows) == 2:
        with bpy.context.temp_override(window=windows[1]):
            bpy.ops.wm.window_close()
    yield 0.3


def trouble() -> Iterator[float]:
    """Cancel midway and resume; kill the backend midway, see why with the log, and go on."""
    yield from cancel()
    flow = driver.session().flows[-1]
    yield from click_run(RIGHT, -1)
    yield from driver.until(lambda: driver.session().flows[-1] is not flow, 10)
    flow = driver.session().flows[-1]
    yield from driver.until(lambda: flow.status is not None and flow.status.frame)
    os.kill(driver.session().backend.process.pid, 9)
    yield from driver.until(lambda: flow.stage.ended, 10)
    driver.NOTES["error_words"] = str(flow.error)
    driver.NOTES["log"] = flow.log
    driver.photograph("killed")
    yield from use_the_buttons(flow)
    frames = {str(p): p.stat().st_mtime_ns for p in flow.folder.glob("outputs/frames/[0-9]*.png")}
    yield from click_run(200, -1)
    yield from driver.until(lambda: driver.session().flows[-1] is not flow, 10)
    yield from driver.until(lambda: driver.session().flows[-1].stage.ended)
    after = {str(p): p.stat().st_mtime_ns for p in flow.folder.glob("outputs/frames/[0-9]*.png")}
    driver.NOTES["kept"] = all(after[path] == when for path, when in frames.items())
    driver.NOTES["kept_count"] = len(frames)
    driver.NOTES["stage"] = driver.stage()
    driver.NOTES["takes"] = len(driver.takes())
    driver.photograph("resumed")
    yield from click_run(RIGHT)
    yield 0.3
    driver.NOTES["left"] = len(driver.session().flows)


def begin() -> Iterator[float]:
    """Click Render and tell when frames come; the test then kills Blender."""
    yield from press_render()
    yield from driver.until(
        lambda: driver.stage() == "BACKEND" and driver.session().flows[-1].status.frame
    )
    (driver.OUT / "frames-come").write_text(str(driver.session().backend.process.pid))
    yield 600.0


def resume() -> Iterator[float]:
    """After a new start: the job is listed; go on with it."""
    yield from driver.show_tab()
    yield from driver.until(lambda: driver.session().waiting, 10)
    driver.photograph("waiting")
    driver.operate("retry", folder=str(driver.session().waiting[0].folder))
    yield from driver.until(lambda: driver.session().flows[-1].stage.ended)
    driver.NOTES["stage"] = driver.stage()
    driver.NOTES["takes"] = len(driver.takes())
    driver.photograph("resumed")


driver.main(
    {
        "look": look,
        "render": render,
        "trouble": trouble,
        "begin": begin,
        "resume": resume,
    }
)
