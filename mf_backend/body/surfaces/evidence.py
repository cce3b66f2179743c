"""What one frame of the clip shows of each surface: its colours, its matte, and where it may be
believed.

A surface is not seen where another lies over it, nor beyond the picture. Beside it, where the
background is seen, it is known to end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.bones import NUMBER, tell_apart
from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.surfaces.carry import nearest_pixels
from mf_backend.body.surfaces.folded import seen_of_folded_arms
from mf_backend.body.surfaces.foreground import own_colours
from mf_backend.body.surfaces.names import (
    ARMS,
    LEGS,
    SKIRT,
    SURFACE,
    TRUNK,
    Surface,
    surfaces_of,
)
from mf_backend.body.whole_skeleton import Points

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]

NOBODY = 255
_TRACE = 24
"""A matte from which on a pixel shows something of him."""
_SURE = 160
"""A matte from which on a pixel tells what it belongs to."""
_WORKING_HEIGHT = 320
"""Pixels of height at which surfaces are told apart; their borders are smooth."""
_PAD = 3
_HIDDEN = 0.5
"""Torso lengths beyond the matte within which something may hide the rest of him."""
_FINGERS = 1.9
"""Half widths about a hand in which anything may be spread fingers."""
_DOUBT = 0.035
"""Torso lengths about something that covers a surface in which nobody can tell them apart."""
_WORN = 0.04
_MIDDLE = 1.0
"""Half widths about a limb or the trunk within which it surely is what is seen."""
_HIP = 1.0
"""Half widths about a thigh, and about its joint, within which what is the body's is its, too."""


@dataclass(frozen=True)
class Evidence:
    """One frame, cut to a box about the actor."""

    origin: tuple[int, int]
    """Frame coordinates of the first pixel of `picture`."""
    size: tuple[int, int]
    """(width, height) of the whole frame."""
    picture: Mask
    """[h, w, 4] the actor's own colour, also in and beyond soft edges, and matte; [h, w, 1] the
    matte alone."""
    scale: tuple[float, float]
    """Pixels of `label` and `seen` for one of `picture`, across and down."""
    label: Mask
    """[h', w'] NUMBER of what each pixel of the actor belongs to; NOBODY."""
    own: dict[str, Mask]
    """[h', w'] how much a pixel belongs to a surface, by its name; it reaches softly beyond."""
    seen: dict[str, Mask]
    """[h', w'] how far what the frame shows there may be believed, 0 to 255, by surface."""
    points: Points
    """The skeleton [24, 2] in that frame."""
    found: NDArray[np.bool_]
    """[24] which of its points were seen; the others are guesses."""


def gather(
    matte: Mask, points: Points, found: NDArray[np.bool_], widths: BodyWidths,
    frame: Mask | None = None, over: Mask | None = None, world: NDArray[Any] | None = None,
) -> Evidence | None:  # fmt: skip
    """Read a frame [H, W, 3] with the actor's `matte` [H, W]; None where the matte is empty.

    `points` [24, 2] and `found` [24] are the skeleton there and which of it was seen. Without
    `frame` the matte alone is read. Under `over` [H, W] (255) nothing is seen of him. `world`
    [60, 3], his joints in metres with z away from the camera, tells which part of a folded arm is
    in front.
    """
    import cv2

    box = _box_about(matte, _PAD)
    if box is None:
        return None
    if over is not None:
        # Where something hides him he may go on beyond his matte.
        wide = _box_about(matte, round(_HIDDEN * widths.unit)) or box
        if over[wide[1] : wide[3], wide[0] : wide[2]].any():
            box = wide
    height, width = matte.shape
    x0, y0, x1, y1 = box
    step = max(1.0, (y1 - y0) / _WORKING_HEIGHT)
    small = (max(2, round((x1 - x0) / step)), max(2, round((y1 - y0) / step)))
    scale = small[0] / (x1 - x0), small[1] / (y1 - y0)
    x, y = np.meshgrid(
        ((np.arange(small[0]) + 0.5) / scale[0] - 0.5 + x0).astype(np.float32),
        ((np.arange(small[1]) + 0.5) / scale[1] - 0.5 + y0).astype(np.float32),
    )
    own_matte = matte[y0:y1, x0:x1]
    part = None if frame is None else frame[y0:y1, x0:x1]
    little = cv2.resize(own_matte, small, interpolation=cv2.INTER_AREA)
    shrunk = None if part is None else cv2.resize(part, small, interpolation=cv2.INTER_AREA)
    near, label = tell_apart(x, y, points, widths, shrunk, little >= 200)
    if world is not None:
        label = seen_of_folded_arms(label, near, points, world, x, y)
    if (little >= _SURE).any():
        # A soft edge goes with what it is the edge of.
        label = label.reshape(-1)[nearest_pixels(little >= _SURE)]
    pixel = (scale[0] + scale[1]) / 2
    own, seen = {}, {}
    for surface in surfaces_of(widths):
        own[surface.name], seen[surface.name] = _surface(
            surface, near, label, little, max(1.2, 0.012 * widths.unit * pixel),
            round(_DOUBT * widths.unit * pixel),
        )  # fmt: skip
    if over is not None:
        _take_away(seen, over[y0:y1, x0:x1], small)
    marked = np.where(little >= 64, label, NOBODY).astype(np.uint8)
    colour = [] if part is None else [own_colours(part, own_matte)]
    picture = np.ascontiguousarray(np.dstack([*colour, own_matte]))
    return Evidence((x0, y0), (width, height), picture, scale, marked, own, seen, points, found)


def _box_about(matte: Mask, margin: int) -> tuple[int, int, int, int] | None:
    """x0, y0, x1, y1 of the actor with a margin, inside the frame; None where there is nobody."""
    rows, columns = np.flatnonzero(matte.max(1) > 8), np.flatnonzero(matte.max(0) > 8)
    if not rows.size:
        return None
    height, width = matte.shape
    return (
        max(0, int(columns[0]) - margin),
        max(0, int(rows[0]) - margin),
        min(width, int(columns[-1]) + 1 + margin),
        min(height, int(rows[-1]) + 1 + margin),
    )


def _take_away(seen: dict[str, Mask], over: Mask, small: tuple[int, int]) -> None:
    """Believe nothing under `over` [h, w] and at its edge; `small` (width, height) is the size of
    the pictures of `seen`."""
    import cv2

    grown = cv2.dilate(over, np.ones((2 * _PAD + 1, 2 * _PAD + 1), np.uint8))
    clear = 255 - cv2.resize(grown, small, interpolation=cv2.INTER_AREA)
    for name, values in seen.items():
        seen[name] = np.minimum(values, clear)


def _over(surface: Surface) -> list[str]:
    """Bones that may hide a surface; against all others it ends where they begin."""
    if surface in ARMS:
        return [name for name in NUMBER if name not in surface.bones]
    hiding = [name for arm in ARMS for name in arm.bones]
    if surface.mirror:
        hiding += [*SURFACE[surface.mirror].bones, *SKIRT.bones]
    return hiding


def _surface(
    surface: Surface, near: dict[str, Floats], label: NDArray[Any], matte: Mask, soft: float,
    doubt: int,
) -> tuple[Mask, Mask]:  # fmt: skip
    """How much pixels belong to a surface, and how far they may be believed."""
    import cv2

    numbers = [NUMBER[name] for name in surface.bones]
    inside = np.isin(label, numbers)
    if surface in LEGS or surface is SKIRT:
        # They go on under the body's cloth: where they turn away from the body, no gap opens.
        inside |= (label == NUMBER[TRUNK.bones[0]]) & (near[surface.bones[0]] < _HIP)
    kernel = np.ones((2 * doubt + 1, 2 * doubt + 1), np.uint8)
    arms = np.isin(label, [NUMBER[name] for arm in ARMS for name in arm.bones])
    if surface is TRUNK:
        # What stands out from the trunk beside an arm is the arm's edge.
        beside = cv2.dilate((arms & (matte >= _TRACE)).astype(np.uint8), kernel) > 0
        inside &= ~(beside & (near[TRUNK.bones[0]] > _MIDDLE))
    own = np.clip(2 * cv2.GaussianBlur(inside.astype(np.float32), (0, 0), soft), 0, 1)
    solid = matte >= 100
    foreign = (matte >= _TRACE) & ~inside
    covering = foreign & np.isin(label, [NUMBER[name] for name in _over(surface)])
    if surface not in ARMS:
        hands = np.min([near[arm.bones[-1]] for arm in ARMS], axis=0)
        covering |= solid & (hands < _FINGERS)
    close = cv2.dilate(covering.astype(np.uint8), kernel) > 0
    core = np.min([near[name] for name in surface.bones], axis=0) < 0.75
    # In front of the body only the middle of an arm is sure to be the arm; the body beside an arm
    # never is sure.
    doubtful = close & solid & (~core if surface in ARMS else True)
    seen = np.where(covering, 0.0, np.where(doubtful, 0.1, 1.0))
    if surface in ARMS:
        # Clothes beside an arm cover it in other poses too, where no frame shows it bare; what lies
        # over its middle is hair, which does not.
        middle = np.min([near[name] for name in surface.bones], axis=0) < _MIDDLE
        seen = np.where(covering & ~arms & ~middle, _WORN, seen)
    blurred = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), max(0.8, soft / 2))
    return np.rint(255 * own).astype(np.uint8), np.rint(255 * blurred).astype(np.uint8)
