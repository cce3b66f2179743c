"""Finds the buttons of the sidebar by looking at the screen, and clicks them as a person does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from window import driver

RIGHT, MIDDLE, LEFT = 63, 84, 105
"""Pixels from the sidebar's right edge to the left rims of a run's small buttons."""


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
    driver.NOTES["buttons"] = found
    return (region.x + region.width / 2 - 15, region.y + max(found)[1])


def small_buttons(picture: Path, region: Any) -> list[int]:
    """Heights from below of the middles of buttons under the Render button, topmost first.

    Looked for at the left rim of what is at the right end of a row.
    """
    _, render = widest_button(picture, region)
    colour = max(driver.NOTES["buttons"])[0]
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
    # Send to Farm, under all runs, looks the same.
    return found[:0:-1]


def packed(picture: Path) -> Any:
    """A picture's colours as whole numbers, [height, width], rows from below."""
    image = bpy.data.images.load(str(picture))
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    rgb = (pixels.reshape(height, width, 4)[..., :3] * 255).round().astype(int)
    return rgb @ (65536, 256, 1)


def press_render() -> Iterator[float]:
    """Click the Render button as a person does."""
    yield from driver.show_tab()
    x, y = widest_button(driver.photograph("panels"), driver.sidebar())
    yield from driver.click(x, y)
    yield from driver.until(lambda: driver.session().flows, 10)


def click_run(inset: int, row: int = 0) -> Iterator[float]:
    """A true click on one of a run's buttons; `row` counts them from the top."""
    region = driver.sidebar()
    # Away from the buttons, which light up under the mouse.
    driver.window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=200, y=200)
    yield 0.2
    rows = small_buttons(driver.photograph("buttons"), region)
    yield from driver.click(region.x + region.width - inset + 4, rows[row])


def press_wide(index: int, name: str) -> Iterator[float]:
    """A true click on one of the buttons as wide as the sidebar, counted from the top."""
    region = driver.sidebar()
    # Away from the buttons, which light up under the mouse.
    driver.window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=200, y=200)
    yield 0.2
    x, _ = widest_button(driver.photograph(name), region)
    rows = driver.NOTES.pop("buttons")
    brightest = max(rows)[0]
    heights = sorted((y for colour, y in rows if colour == brightest), reverse=True)
    yield from driver.click(x, region.y + heights[index])
