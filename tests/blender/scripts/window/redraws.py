"""Counts how often views are drawn while a run goes on: redraws OUT. Run by test_redraws.py."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from window import driver

NOTES = driver.NOTES


def redraws() -> Iterator[float]:
    """A run beside a 3D View, then Check Backend in the preferences."""
    yield from driver.show_tab()
    driver.window().scene.motionfollower.show_render = True
    driver.time_panels()
    yield 1.0
    driver.operate("render")
    yield from driver.until(lambda: driver.session().flows, 10)
    flow = driver.session().flows[-1]
    yield from driver.until(lambda: flow.stage.name == "SAMPLING", 60)
    begin, before = time.monotonic(), driver.DRAWS[0]
    while flow.stage.name == "SAMPLING":
        yield 0.0
    NOTES["reading"] = [driver.DRAWS[0] - before, round(time.monotonic() - begin, 2)]
    NOTES["sampled"] = flow.sampled
    yield from driver.until(driver.frames_come)
    before, panels, seen = driver.DRAWS[0], len(NOTES["panel_ms"]), set()
    while flow.stage.name == "BACKEND":
        seen.add(flow.progress())
        yield 0.0
    NOTES["working"] = [driver.DRAWS[0] - before, len(NOTES["panel_ms"]) - panels, len(seen)]
    yield from driver.until(lambda: flow.stage.ended)
    yield from answered()


def answered() -> Iterator[float]:
    """The answer to Check Backend is drawn as soon as it is there, with nothing else going on."""
    bpy.ops.screen.userpref_show("INVOKE_DEFAULT")
    yield 1.0
    (shown,) = [
        area
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == "PREFERENCES"
    ]
    drawn: list[float] = []
    handle = bpy.types.SpacePreferences.draw_handler_add(
        lambda: drawn.append(time.monotonic()), (), "WINDOW", "POST_PIXEL"
    )
    shown.tag_redraw()
    yield 0.5
    bpy.ops.motionfollower.check_backend()
    yield from driver.until(lambda: driver.session().backend.handshake is not None, 60)
    came = time.monotonic()
    yield 3.0
    after = [when - came for when in drawn if when > came - 0.2]
    NOTES["answer_drawn_after"] = round(min(after), 2) if after else None
    bpy.types.SpacePreferences.draw_handler_remove(handle, "WINDOW")


driver.main({"redraws": redraws})
