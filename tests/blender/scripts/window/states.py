"""Photographs the panel in every state that a person may meet: states OUT. For test_window.py."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from loading import scenes
from window import driver

NOTES = driver.NOTES
NOTES["reasons"] = {}
_BACKEND = "MOTIONFOLLOWER_BACKEND_PYTHON"


def settings() -> Any:
    """What the panels hold."""
    return driver.window().scene.motionfollower


def see(name: str, *opened: str, kind: str = "VIEW_3D") -> Iterator[float]:
    """Open these sections only, photograph, and note why Render is grey."""
    from bl_ext.user_default.motionfollower.host.run import readiness

    for section in ("footage", "actor", "motion", "bones", "fit", "quality", "render", "takes"):
        setattr(settings(), f"show_{section}", section in opened)
    driver.area(kind).tag_redraw()
    yield 0.1
    driver.photograph(f"state-{name}")
    with bpy.context.temp_override(window=driver.window()):
        NOTES["reasons"][name] = readiness.missing(bpy.context)


def see_what_is_missing() -> Iterator[float]:
    """No backend; no bones; a guess; several rigs and strips; no motion, camera or clip."""
    python = os.environ.pop(_BACKEND)
    yield from see("no-backend", "render")
    os.environ[_BACKEND] = python

    rig, scene = bpy.data.objects["Rig"], driver.window().scene
    driver.operate("bones_edit")
    rig.motionfollower_bones[0].bone = ""
    yield from see("bones-missing", "bones", "render")
    driver.operate("bones_clear")
    names = {bone: bone.name for bone in rig.data.bones}
    for number, bone in enumerate(rig.data.bones):
        bone.name = f"b{number:02}"
    yield from see("bones-guessed", "bones", "render")
    for bone, name in names.items():
        bone.name = name

    action = rig.animation_data.action
    rig.animation_data.action = None
    yield from see("no-motion", "motion", "render")
    rig.animation_data.action = action
    second = bpy.data.objects.new("Rig 2", rig.data)
    second.animation_data_create().action = action
    scene.collection.objects.link(second)
    yield from see("two-rigs", "motion", "render")
    bpy.data.objects.remove(second)
    camera, scene.camera = scene.camera, None
    scene.collection.objects.unlink(camera)
    yield from see("no-camera", "motion", "render")
    scene.collection.objects.link(camera)
    scene.camera = camera


def retime_the_strip() -> Iterator[float]:
    """A strip that the user plays at half its speed is refused in one sentence."""
    yield from driver.show_tab("SEQUENCE_EDITOR")
    scene, area = driver.window().scene, driver.area("SEQUENCE_EDITOR")
    region = next(item for item in area.regions if item.type == "WINDOW")
    movie = scenes().strips(scene).new_movie(
        name="movie", filepath=str(Path(bpy.data.filepath).parent / "möv.mp4"),
        channel=6, frame_start=1,
    )  # fmt: skip
    for strip in scenes().strips(scene):
        strip.select = strip == movie
    scene.sequence_editor.active_strip = movie
    with bpy.context.temp_override(window=driver.window(), area=area, region=region):
        bpy.ops.sequencer.retiming_show()
    yield 0.1
    with bpy.context.temp_override(window=driver.window(), area=area, region=region):
        bpy.ops.sequencer.retiming_segment_speed_set(speed=50)
        try:
            bpy.ops.motionfollower.render("INVOKE_DEFAULT")
        except RuntimeError as error:
            NOTES["retimed"] = str(error)
    yield from see("sequencer-closed", kind="SEQUENCE_EDITOR")
    yield from see("sequencer-open", "footage", "motion", kind="SEQUENCE_EDITOR")
    scenes().strips(scene).remove(movie)
    yield from driver.show_tab()


def queue_and_look() -> Iterator[float]:
    """Two runs at once, then two takes compared with their footage."""
    for _ in range(2):
        driver.operate("render")
    yield from see("queued", "render")
    yield from driver.until(lambda: all(flow.stage.ended for flow in driver.session().flows))
    yield from see("takes", "render", "takes")
    driver.area("VIEW_3D").type = "SEQUENCE_EDITOR"
    yield 0.3
    area = driver.area("SEQUENCE_EDITOR")
    area.spaces.active.view_type = "SEQUENCER_PREVIEW"
    job = driver.takes()[0]["motionfollower_job"]
    for mode in ("WIPE", "SIDE"):
        with bpy.context.temp_override(window=driver.window(), area=area):
            bpy.ops.motionfollower.take_compare(job=job, mode=mode)
        driver.window().scene.frame_set(14)
        yield from see(f"compare-{mode.lower()}", "takes", kind="SEQUENCE_EDITOR")
    area.spaces.active.view_type = "SEQUENCER"
    yield from driver.show_tab()


def closed_line(name: str) -> Iterator[float]:
    """All sections closed, as a person meets the panel."""
    yield from see(name)


def lose_the_footage() -> Iterator[float]:
    """The folder of the clip goes away and comes back, under a strip and as a file."""
    from bl_ext.user_default.motionfollower.host.run import readiness

    def said(words: str) -> Iterator[float]:
        def there() -> bool:
            driver.area("VIEW_3D").tag_redraw()
            with bpy.context.temp_override(window=driver.window()):
                return words in readiness.missing(bpy.context)

        yield from driver.until(there, 20)

    folder = Path(bpy.data.filepath).parent / "footage"
    folder.rename(folder.with_name("away"))
    yield from said("is not on disk")
    yield from see("file-missing", "footage", "render")
    yield from closed_line("file-missing-closed")
    settings().source, settings().clip = "FILE", "//footage/clip"
    yield from said("The clip is not on disk")
    yield from see("clip-missing", "footage", "render")
    folder.with_name("away").rename(folder)

    def back() -> bool:
        driver.redraw()
        with bpy.context.temp_override(window=driver.window()):
            return readiness.missing(bpy.context) == ""

    yield from driver.until(back, 20)
    settings().source, settings().clip = "STRIP", ""


def rename_partly() -> Iterator[float]:
    """A rig without head and toes, and with none of the fingers: it works with what it has."""
    bones = bpy.data.objects["Rig"].data.bones
    gone = [bones[name] for name in ("Head", "LeftToeBase", "RightToeBase")]
    names = [bone.name for bone in gone]
    for number, bone in enumerate(gone):
        bone.name = f"extra {number}"
    yield from see("partial-rig", "bones", "render")
    for bone, name in zip(gone, names, strict=True):
        bone.name = name


def too_little_memory() -> Iterator[float]:
    """More pixels than anybody has memory for; the large engine with its largest preset."""
    from bl_ext.user_default.motionfollower.host.run import memory_need

    scene, values = driver.window().scene, settings()
    values.source, values.clip, values.count = "FILE", "//footage/clip", 400
    scene.render.resolution_x = scene.render.resolution_y = 65536
    yield from driver.until(lambda: memory_need.look(bpy.context, values).short, 30)
    NOTES["short"] = memory_need.words(bpy.context, values)
    yield from see("memory-short", "quality", "render")
    yield from closed_line("memory-short-closed")
    values.engine, values.memory, values.moving_camera = "motionfollower", "24", True
    yield from driver.until(lambda: memory_need.words(bpy.context, values), 30)
    NOTES["memory"] = memory_need.words(bpy.context, values)
    yield from see("memory", "quality", "render")


def states() -> Iterator[float]:
    """All of them."""
    yield from driver.show_tab()
    yield from see_what_is_missing()
    yield from rename_partly()
    yield from lose_the_footage()
    yield from retime_the_strip()
    yield from queue_and_look()
    yield from too_little_memory()


driver.main({"states": states})
