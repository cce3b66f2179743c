"""Opens takes whose pictures are gone in a Sequencer, and draws each of their frames: SCENARIO OUT.

Run by test_missing_frames.py under Xvfb.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from window import driver

NOTES = driver.NOTES


def shown() -> Iterator[float]:
    """The Sequencer with its preview, every frame of the takes drawn once."""
    yield from driver.show_tab("SEQUENCE_EDITOR")
    driver.area("SEQUENCE_EDITOR").spaces.active.view_type = "SEQUENCER_PREVIEW"
    yield 0.3
    yield from played()


def played() -> Iterator[float]:
    """Every frame drawn."""
    scene = driver.window().scene
    for strip in driver.takes():
        for offset in range(len(strip.elements)):
            scene.frame_set(first(strip) + offset)
            driver.redraw()
            yield 0.02


def first(strip: Any) -> int:
    """First scene frame, by the name that this Blender has for it."""
    return int(strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start)


def noted() -> list[list[object]]:
    """Each take: muted, colour, marked."""
    return [[s.mute, s.color_tag, "motionfollower_missing" in s] for s in driver.takes()]


def missing() -> Iterator[float]:
    """Draw what is missing, muted as it was opened and then not; find it, and draw it again."""
    NOTES["opened"] = noted()
    yield from shown()
    driver.photograph("missing")
    # Whatever a person does with it, the window goes on.
    for strip in driver.takes():
        strip.mute = False
    yield from played()
    driver.photograph("missing-shown")
    try:
        driver.operate_in_sequencer("take_show", job=driver.takes()[0]["motionfollower_job"])
        driver.operate_in_sequencer("take_show", job=driver.takes()[0]["motionfollower_job"])
        NOTES["refused"] = ""
    except RuntimeError as error:
        NOTES["refused"] = str(error)
    driver.operate_in_sequencer("take_relink")
    yield 0.2
    NOTES["relinked"] = noted()
    yield from played()
    driver.photograph("relinked")


def lost() -> Iterator[float]:
    """The pictures go while the file is open, before any of them was drawn."""
    NOTES["opened"] = noted()
    folder = Path(bpy.path.abspath(driver.takes()[0].directory))
    folder.rename(folder.with_name("gone"))
    yield from shown()
    NOTES["drawn"] = True


driver.main({"missing": missing, "lost": lost})
