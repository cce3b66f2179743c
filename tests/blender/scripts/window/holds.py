"""Measures in the window how long add-on code keeps it during a real run: SCENARIO OUT.

Run by test_holds.py under Xvfb. The measure is the processor time of Blender's own thread, which
other work on the machine does not lengthen.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

HERE = Path(__file__).resolve().parents[1]
sys.path += [str(HERE), str(HERE.parents[2] / "benchmarks" / "addon" / "inside")]
from meter import EVALUATION, Meter  # noqa: E402
from window import driver  # noqa: E402

NOTES = driver.NOTES
REDRAWS = 20


def longest(meter: Meter) -> list[tuple[float, str]]:
    """Milliseconds in processor time and the names of the longest calls."""
    calls = sorted(meter.calls, key=lambda call: -call.worked)
    return [(round(1000 * c.worked, 2), f"{c.name} {c.stage}".strip()) for c in calls[:8]]


def opened() -> None:
    """Open every section."""
    settings = driver.window().scene.motionfollower
    for item in settings.bl_rna.properties:
        name = item.identifier
        if name.startswith("show_") and name not in ("show_overlay", "show_fitting"):
            setattr(settings, name, True)


def drawn(meter: Meter) -> float:
    """Median milliseconds of a drawing of the sidebar, its buttons' polls included."""
    whole = []
    for _ in range(REDRAWS):
        before = len(meter.calls)
        driver.area("VIEW_3D").tag_redraw()
        for region in driver.area("VIEW_3D").regions:
            region.tag_redraw()
        driver.redraw()
        mine = [call.worked for call in meter.calls[before:] if call.name.startswith("MF_")]
        # Two drawings each.
        whole.append(1000 * sum(mine) / 2)
    return round(sorted(whole)[REDRAWS // 2], 3)


def holds() -> Iterator[float]:
    """A run from the button to the take, then a long finished job brought in by its button."""
    meter = Meter()
    yield from driver.show_tab()
    opened()
    yield 0.5
    meter.start()
    yield 0.2
    NOTES["panel"] = drawn(meter)
    meter.calls.clear()
    driver.operate("render")
    yield from driver.until(lambda: driver.session().flows, 10)
    flow = driver.session().flows[-1]
    yield from driver.until(lambda: flow.stage.ended, 200)
    yield 0.5
    NOTES["stage"], NOTES["run"] = flow.stage.name, longest(meter)
    NOTES["evaluated"] = sum(EVALUATION in call.apart for call in meter.calls)
    NOTES["waiting"] = len(driver.session().waiting)

    meter.calls.clear()
    driver.operate("rescan")
    yield from driver.until(lambda: len(driver.session().waiting) > 1, 20)
    long = next(job for job in driver.session().waiting if job.finished)
    NOTES["waiting"] = len(driver.session().waiting)
    driver.operate("bring_in", folder=str(long.folder))
    yield from driver.until(lambda: len(driver.takes()) == 2, 60)
    yield 0.5
    NOTES["arrival"] = longest(meter)
    NOTES["frames"] = sorted(len(strip.elements) for strip in driver.takes())
    NOTES["marks"] = [s.name for s in driver.takes() if s.get("motionfollower_arriving")]
    driver.photograph("holds")
    yield from seen_at_once()


def seen_at_once() -> Iterator[float]:
    """What changed is drawn right, though Blender was not asked to tell of it."""
    scene = driver.window().scene
    rig = next(item for item in scene.objects if item.type == "ARMATURE")
    said: list[Any] = []

    def look() -> None:
        from bl_ext.user_default.motionfollower.host.draw_cache import showing
        from bl_ext.user_default.motionfollower.host.rig import scene_objects

        with showing():
            said.append([item.name for item in scene_objects.armatures(scene)])

    look()
    second = bpy.data.objects.new("Second", bpy.data.armatures.new("Second"))
    scene.collection.objects.link(second)
    driver.redraw()
    yield 0.3
    look()
    second.name = "Renamed"
    look()
    bpy.data.objects.remove(second)
    look()
    bpy.data.objects.remove(rig)
    look()
    driver.redraw()
    NOTES["seen"] = said
    time.sleep(0)
    yield 0.2


driver.main({"holds": holds})
