"""Measures the add-on in Blender's window: bench OUT. Run by benchmarks.addon under Xvfb."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parents[2] / "tests" / "blender" / "scripts")]
from meter import EVALUATION, UNDO, Meter  # noqa: E402
from window import driver  # noqa: E402

NOTES = driver.NOTES
REDRAWS = 25
PLAYED = 48
METER = Meter()


def milliseconds(values: list[float]) -> dict[str, float]:
    """Number, median and longest of some seconds."""
    ordered = sorted(values)
    if not ordered:
        return {"times": 0, "median": 0.0, "longest": 0.0}
    return {
        "times": len(ordered),
        "median": round(1000 * ordered[len(ordered) // 2], 3),
        "longest": round(1000 * ordered[-1], 3),
    }


def settings() -> Any:
    """What the panels hold."""
    return driver.window().scene.motionfollower


def sections() -> list[str]:
    """The sections' names that can be opened, whatever there are."""
    return [
        item.identifier
        for item in settings().bl_rna.properties
        if item.identifier.startswith("show_")
        and item.identifier not in ("show_overlay", "show_fitting")
    ]


def drawn_once(kind: str) -> None:
    """Draw one area with its sidebar."""
    driver.area(kind).tag_redraw()
    for region in driver.area(kind).regions:
        region.tag_redraw()
    with bpy.context.temp_override(window=driver.window()):
        bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=1)


def panels(label: str) -> Iterator[float]:
    """Each panel, closed and with every section open, in both editors."""
    found = NOTES.setdefault("panels", {})
    for kind in ("VIEW_3D", "SEQUENCE_EDITOR"):
        yield from driver.show_tab(kind)
        for state in (False, True):
            for name in sections():
                setattr(settings(), name, state)
            yield 0.3
            METER.calls.clear()
            whole: list[float] = []
            worked: list[float] = []
            for _ in range(REDRAWS):
                before = len(METER.calls)
                drawn_once(kind)
                mine = [call for call in METER.calls[before:] if call.name.startswith("MF_")]
                whole.append(sum(call.held for call in mine))
                worked.append(sum(call.worked for call in mine))
                yield 0.0
            by_name: dict[str, list[float]] = {}
            for call in METER.calls:
                if call.name.startswith("MF_") and ".draw" in call.name:
                    by_name.setdefault(call.name, []).append(call.held)
            key = f"{label}, {kind}, {'open' if state else 'closed'}"
            found[key] = {name: milliseconds(values) for name, values in by_name.items()}
            found[key]["in total"] = milliseconds(whole)
            found[key]["in processor time"] = milliseconds(worked)
    yield from driver.show_tab("VIEW_3D")


def playback() -> Iterator[float]:
    """What the live skeleton adds to each redraw while the timeline plays."""
    from bl_ext.user_default.motionfollower.host.view import overlay as module

    scene = driver.window().scene
    scene.frame_start, scene.frame_end = 1, PLAYED
    driver.area("VIEW_3D").spaces.active.region_3d.view_perspective = "CAMERA"
    driver.area("VIEW_3D").spaces.active.show_region_ui = False
    overlay = module.current()
    for _ in range(2):
        for shown in (False, True):
            settings().show_overlay = shown
            yield 0.3
            overlay.seconds.clear()
            METER.calls.clear()
            begin = time.perf_counter()
            with bpy.context.temp_override(window=driver.window()):
                bpy.ops.wm.redraw_timer(type="ANIM_PLAY", iterations=1)
            spent = time.perf_counter() - begin
            name = "with" if shown else "without"
            NOTES.setdefault("playback", {})[name] = round(PLAYED / spent, 1)
    NOTES["overlay"] = milliseconds(overlay.seconds)
    NOTES["overlay handlers"] = milliseconds(
        [call.held for call in METER.calls if call.name.startswith("handler")]
    )
    settings().show_overlay = False
    scene.frame_set(1)
    driver.area("VIEW_3D").spaces.active.show_region_ui = True
    yield 0.3


def job() -> Iterator[float]:
    """A whole run from the button to the take, with the panels open."""
    METER.calls.clear()
    yield from driver.show_tab()
    driver.operate("render")
    yield from driver.until(lambda: driver.session().flows, 10)
    flow = driver.session().flows[-1]
    yield from driver.until(lambda: flow.stage.ended, 900)
    yield 1.0
    calls = list(METER.calls)
    if flow.error is not None:
        raise flow.error
    by_name: dict[str, list[Any]] = {}
    for call in calls:
        by_name.setdefault(f"{call.name} {call.stage}".strip(), []).append(call)
    table = {}
    for name, mine in by_name.items():
        table[name] = milliseconds([call.own for call in mine])
        table[name]["worked"] = round(1000 * max(call.worked for call in mine), 3)
        for kind in (EVALUATION, UNDO):
            longest = max(call.apart.get(kind, 0.0) for call in mine)
            if longest:
                table[name][kind] = round(1000 * longest, 3)
    NOTES["holds"] = table
    NOTES["samples_a_tick"] = max(call.samples for call in calls)
    NOTES["sampled"] = sum(call.samples for call in calls)
    NOTES["takes"] = len(driver.takes())
    NOTES["frames"] = flow.status.count
    driver.photograph("bench-done")


def bench() -> Iterator[float]:
    """Everything, in the order of the work."""
    while driver.DRAWS[0] < 2:
        yield 0.1
    METER.start()
    yield from panels("before a run")
    yield from playback()
    for name in sections():
        setattr(settings(), name, True)
    yield from job()
    yield from panels("after a run")


driver.main({"bench": bench})
