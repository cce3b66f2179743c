"""Mends a mask and replaces the plate by true clicks; steps for actor.py, which shows the actor."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from loading import mask_shapes
from window import buttons, driver

NOTES = driver.NOTES
MASK, LAYER, RADIUS = "Hand-drawn", "hole", 0.06
_MASKED_FRAME = 11
_TEXT, _MENU = "wcol_text", "wcol_menu"
_COLUMN = 75
"""Pixels from the sidebar's right edge that fields and menus reach over, and no icon."""
CUT_BELOW, AS_IT_IS_BELOW = 71, 76
"""Pixels from a menu's button to one of its lines: of roles the third, under a title the second."""
_KEYS = {"/": "SLASH", ".": "PERIOD"}


def fields(kind: str, name: str) -> Generator[float, None, list[tuple[float, float]]]:
    """Middles of the right parts of fields of a kind of the theme, topmost first, as seen."""
    # Away from the sidebar, where what lies under the mouse is lit up.
    driver.window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=200, y=200)
    yield 0.2
    seen = buttons.packed(driver.photograph(name))
    region = driver.sidebar()
    theme = getattr(bpy.context.preferences.themes[0].user_interface, kind)
    red, green, blue = (round(255 * value) for value in theme.inner[:3])
    x = region.x + region.width - _COLUMN
    same = seen[region.y : region.y + region.height, x] == red << 16 | green << 8 | blue
    edges = np.flatnonzero(np.diff(np.r_[False, same, False].astype(int)))
    rows = [(a + b) / 2 for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 14]
    return [(x, region.y + row) for row in reversed(rows)]


def type_in(text: str) -> Iterator[float]:
    """Type a text into the field that was clicked, in place of what it held, and press Enter."""
    window = driver.window()
    for letter in text:
        key = _KEYS.get(letter, letter.upper())
        window.event_simulate(type=key, value="PRESS", unicode=letter, x=200, y=200)
        window.event_simulate(type=key, value="RELEASE", x=200, y=200)
        yield 0.05
    for value in ("PRESS", "RELEASE"):
        window.event_simulate(type="RET", value=value, x=200, y=200)
    yield 0.3


def draw_mask(size: tuple[int, int], middle: tuple[float, float]) -> None:
    """A Mask with one layer about a pixel of the clip, to be seen on its second frame only."""
    mask = bpy.data.masks.new(MASK)
    layer = mask.layers.new(name=LAYER)
    mask_shapes().ellipse(layer, mask_shapes().in_mask(size, middle), (RADIUS, RADIUS))
    for frame in (-1, 0, 1):
        layer.alpha = float(frame == 0)
        layer.keyframe_insert("alpha", frame=_MASKED_FRAME + frame)
    NOTES["drawn"] = [*middle, RADIUS * max(size)]


def mend_mask(values: Any, size: tuple[int, int], middle: tuple[float, float]) -> Iterator[float]:
    """Choose the Mask, say what its layer is for, and apply it."""
    draw_mask(size, middle)
    ((x, y),) = yield from fields(_TEXT, "actor-before-mask")
    yield from driver.click(x, y)
    yield 0.3
    yield from type_in("hand")
    NOTES["mask"] = values.actor_mask.name if values.actor_mask else ""
    x, y = (yield from fields(_MENU, "actor-mask-chosen"))[0]
    yield from driver.click(x, y)
    yield 0.5
    driver.photograph("actor-mask-roles")
    yield from driver.click(x, y - CUT_BELOW)
    NOTES["roles"] = dict(values.actor_mask.get("motionfollower_roles") or {})
    # Apply Mask is between the layer's role and Add Painted Masks.
    (x, above), (_, below) = yield from fields(_MENU, "actor-before-apply")
    yield from driver.click(x, (above + below) / 2)
    # What was kept is read again by a thread.
    yield 1.5
    driver.photograph("actor-mask-applied")


def write_plate(path: Path, size: tuple[int, int]) -> None:
    """A picture of colours that the footage has nowhere, each pixel unlike its neighbours."""
    width, height = size
    image = bpy.data.images.new("set", width, height)
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.ones((height, width, 4), np.float32)
    for channel, value in enumerate((200 + columns % 50, 20 + rows % 50, 180 + columns % 40)):
        pixels[..., channel] = value / 255
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)


def replace_plate(values: Any, size: tuple[int, int]) -> Iterator[float]:
    """Type the path of the user's own plate, and take its pixels as they are."""
    write_plate(Path(bpy.data.filepath).parent / "set.png", size)
    values.show_actor, values.show_fit = False, True
    yield 0.3
    ((x, y),) = yield from fields(_TEXT, "actor-before-plate")
    yield from driver.click(x, y)
    yield from type_in("//set.png")
    NOTES["plate"] = values.plate
    x, y = (yield from fields(_MENU, "actor-plate-given"))[-1]
    yield from driver.click(x, y)
    yield 0.5
    driver.photograph("actor-plate-fits")
    yield from driver.click(x, y - AS_IT_IS_BELOW)
    NOTES["plate-fit"] = values.plate_fit
    driver.photograph("actor-plate")
