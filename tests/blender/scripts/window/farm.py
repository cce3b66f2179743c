"""Sends a take to a farm from the window: send OUT. Run by test_farm.py."""

import sys
from collections.abc import Iterator
from pathlib import Path

import bpy

sys.path.append(str(Path(__file__).parents[1]))
from window import driver

NOTES = driver.NOTES


def send() -> Iterator[float]:
    """The file browser with what is sent beside it; then the folder is written by a timer."""
    yield from driver.show_tab()
    bpy.ops.motionfollower.check_backend()
    yield from driver.until(lambda: driver.session().backend.handshake is not None, 60)
    with bpy.context.temp_override(window=driver.window()):
        bpy.ops.motionfollower.send_to_farm("INVOKE_DEFAULT", directory=str(driver.OUT))
    yield 3.0
    driver.photograph("browser")
    browsers = [
        (window, area)
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == "FILE_BROWSER"
    ]
    NOTES["browsers"] = len(browsers)
    farm = driver.OUT / "farm"
    farm.mkdir()
    window, area = browsers[0]
    area.spaces.active.params.directory = bytes(farm)
    region = next(item for item in area.regions if item.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.file.execute()
    NOTES["returned_before_the_end"] = not (farm / "template.json").exists()
    yield from driver.until(lambda: (farm / "template.json").exists(), 120)
    yield 1.0
    driver.photograph("sent")
    NOTES["runs"] = [flow.progress()[1] for flow in driver.session().flows]
    NOTES["longest_hold"] = driver.session().longest_hold


driver.main({"send": send})
