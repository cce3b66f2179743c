"""The actor in another pose: layers cut from frames of the clip, warped bone by bone.

Used twice: with masks alone it predicts the target mask, with pictures it is the preview.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.layers import ARMS, BONE, LEGS, TRUNK, Cut, Layer
from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.transform import source_map
from mf_backend.body.whole_skeleton import POINT_COUNT, Points

Floats = NDArray[np.float32]
Box = tuple[int, int, int, int]

_EDGE = 0.8
"""Torso lengths by which legs that leave the picture are continued."""
_SOLID = 0.9


@dataclass(frozen=True)
class Sprite:
    """One layer cut from one frame."""

    layer: Layer
    origin: tuple[int, int]
    """Frame coordinates of the sprite's first pixel."""
    picture: NDArray[np.uint8]
    """[h, w, 4] colour and matte, or [h, w, 1] matte alone."""
    members: NDArray[np.uint8] | None
    """[h, w, bones] which bone a pixel belongs to; None where any bone may show it."""
    points: Points
    """The skeleton [24, 2] in that frame."""


def cut_sprite(
    layer: Layer, pieces: Cut, matte: NDArray[np.uint8], points: Points, widths: BodyWidths,
    frame: NDArray[np.uint8] | None = None,
) -> Sprite:  # fmt: skip
    """Cut `layer` out of a frame. `matte` is the actor's [h, w] uint8; without `frame` [h, w, 3]
    the sprite has a matte only."""
    x0, y0, x1, y1 = pieces.box
    own_matte = matte[y0:y1, x0:x1].astype(np.float32) / 255
    colour = None if frame is None else frame[y0:y1, x0:x1]
    if layer is TRUNK:
        share = np.clip(2 * (pieces.members["shoulders"] + pieces.members["head"]), 0, 1)
        share = np.maximum(share, pieces.hidden)
        alpha = own_matte * share
        if colour is not None:
            clean = np.clip(pieces.members["shoulders"] + pieces.members["head"], 0, 1) * own_matte
            colour = _fill_hidden(colour, clean, alpha)
        members = None
    else:
        channels = [_member(pieces, name, points, widths) for name in layer.bones]
        stacked = np.stack(channels, -1)
        gain, offset = (2.0, 0.4) if layer in ARMS else (2.0, 0.0)
        alpha = own_matte * np.clip(gain * stacked.sum(-1) - offset, 0, 1)
        if colour is not None:
            colour = carry_outwards(colour, alpha > _SOLID)
        members = np.rint(255 * np.clip(2 * stacked, 0, 1)).astype(np.uint8)
    grey = np.rint(255 * alpha).astype(np.uint8)
    picture = grey[..., None] if colour is None else np.dstack([colour, grey])
    sprite = Sprite(layer, (x0, y0), picture, members, points)
    return _trim(sprite, matte.shape, round(_EDGE * widths.unit))


def held_sprite(
    layer: Layer, pieces: Cut, matte: NDArray[np.uint8], points: Points, widths: BodyWidths
) -> Sprite | None:
    """The matte of a hand and what it holds; None where it holds nothing."""
    if layer.name not in pieces.held:
        return None
    x0, y0, x1, y1 = pieces.box
    held = pieces.held[layer.name]
    grey = np.rint(matte[y0:y1, x0:x1] * held).astype(np.uint8)
    members = np.zeros((*held.shape, len(layer.bones)), np.uint8)
    members[..., -1] = np.rint(255 * held)
    sprite = Sprite(layer, (x0, y0), grey[..., None], members, points)
    return _trim(sprite, matte.shape, round(_EDGE * widths.unit))


def _member(pieces: Cut, name: str, points: Points, widths: BodyWidths) -> Floats:
    """A bone's membership; the hips of a leg are the trunk's pixels around that hip."""
    if name != "hips":
        return pieces.members[name]
    around: Floats = pieces.members["shoulders"] * _around_hips(pieces, points, widths)
    return around


def _around_hips(pieces: Cut, points: Points, widths: BodyWidths) -> Floats:
    x0, y0, x1, y1 = pieces.box
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    reach = 1.6 * float(widths.at("thigh", np.array([0.1]))[0])
    near = np.min([np.hypot(x - points[k, 0], y - points[k, 1]) for k in (8, 11)], axis=0)
    return np.asarray(np.clip(1.5 - near / reach, 0, 1), np.float32)


def nearest_pixels(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Flat index [h, w] of the nearest pixel inside; there has to be one."""
    import cv2

    _, labels = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros(int(labels.max()) + 1, np.int64)
    nearest[labels[inside]] = np.flatnonzero(inside)
    found: NDArray[np.int64] = nearest[labels]
    return found


def carry_outwards(colour: NDArray[np.uint8], solid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Colours of solid pixels carried outwards, so that soft edges hold no old background."""
    import cv2

    if not solid.any() or solid.all():
        return colour
    core = cv2.erode(solid.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    core = core if core.any() else solid
    return np.asarray(colour.reshape(-1, 3)[nearest_pixels(core)], np.uint8)


def _fill_hidden(colour: NDArray[np.uint8], clean: Floats, alpha: Floats) -> NDArray[np.uint8]:
    """The body behind the arms: painted in from the body around it."""
    import cv2

    solid = clean > _SOLID
    bled = carry_outwards(colour, solid)
    hole = ((alpha > 0.02) & ~solid).astype(np.uint8)
    count = int(hole.sum())
    if not count:
        return bled
    # Inpainting is smooth, so big holes are painted small.
    scale = min(1.0, (12000 / count) ** 0.5)
    if scale < 1:
        size = (max(8, int(colour.shape[1] * scale)), max(8, int(colour.shape[0] * scale)))
        small = cv2.resize(bled, size, interpolation=cv2.INTER_AREA)
        small_hole = cv2.dilate(
            cv2.resize(hole, size, interpolation=cv2.INTER_NEAREST), np.ones((3, 3), np.uint8)
        )
        painted = cv2.resize(
            cv2.inpaint(small, small_hole, 3, cv2.INPAINT_TELEA), (hole.shape[1], hole.shape[0])
        )
    else:
        painted = cv2.inpaint(bled, hole, 3, cv2.INPAINT_TELEA)
    return np.where(hole[..., None] > 0, painted, bled)


def _trim(sprite: Sprite, shape: tuple[int, ...], more: int) -> Sprite:
    """Cut off empty margins, and continue legs that the picture's lower edge cuts off."""
    alpha = sprite.picture[..., -1]
    rows, columns = np.flatnonzero(alpha.max(1)), np.flatnonzero(alpha.max(0))
    if not rows.size:
        rows, columns = np.array([0]), np.array([0])
    y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    ox, oy = sprite.origin[0] + x0, sprite.origin[1] + y0
    bottom = more * (sprite.layer in LEGS and oy + y1 - y0 >= shape[0])

    def take(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        part = values[y0:y1, x0:x1]
        if bottom:
            part = np.concatenate([part, np.repeat(part[-1:], bottom, axis=0)])
        return np.ascontiguousarray(part)

    members = None if sprite.members is None else take(sprite.members)
    return Sprite(sprite.layer, (ox, oy), take(sprite.picture), members, sprite.points)


def drawing_order(points: Points) -> tuple[Layer, ...]:
    """Layers from back to front: the leg whose ankle is higher, the other, the trunk, the arms.

    Of the arms the one whose hand is further out is drawn first.
    """
    legs = LEGS if points[10, 1] <= points[13, 1] else LEGS[::-1]
    out = [abs(points[wrist, 0] - points[1, 0]) for wrist in (4, 7)]
    arms = ARMS if out[0] >= out[1] else ARMS[::-1]
    return (*legs, TRUNK, *arms)


def layer_box(layer: Layer, points: Points, unit: float, size: tuple[int, int]) -> Box:
    """Box of the target picture that a layer may reach, clipped to the picture."""
    indices = sorted({k for name in layer.bones for k in (BONE[name].a, BONE[name].b)})
    if layer is TRUNK:
        indices += [2, 5, 8, 11]
    margin = layer.margin * unit
    low = np.floor(points[indices].min(0) - margin)
    high = np.ceil(points[indices].max(0) + margin) + 1
    x0, y0 = (int(np.clip(low[k], 0, size[k])) for k in (0, 1))
    x1, y1 = (int(np.clip(high[k], 0, size[k])) for k in (0, 1))
    return x0, y0, max(x0, x1), max(y0, y1)


def warp_sprite(
    sprite: Sprite, target: Points, widths: BodyWidths, size: float, canvas: tuple[int, int]
) -> tuple[Box, NDArray[np.uint8]] | None:
    """Draw a layer in the target pose.

    `widths` are the actor's in the target picture, `size` source pixels for one target pixel,
    `canvas` (width, height). Returns the box and [h, w, channels], None where it is outside.
    """
    import cv2

    assert target.shape == (POINT_COUNT, 2)
    box = layer_box(sprite.layer, target, widths.unit, canvas)
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        return None
    step = 2 if widths.unit < 150 else 4
    places, weights, shown = source_map(
        sprite.layer, target, sprite.points, widths, size, box, step
    )
    places -= np.array(sprite.origin, np.float32)
    drawn = cv2.remap(
        sprite.picture, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    drawn = drawn.reshape(*drawn.shape[:2], sprite.picture.shape[2])
    if sprite.members is not None:
        members = cv2.remap(
            sprite.members, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
        )
        allowed = np.zeros(drawn.shape[:2], np.float32)
        for k, weight in enumerate(weights):
            allowed += np.minimum(1, 4 * weight) * members[..., k]
        allowed *= shown
        drawn[..., -1] = np.minimum(drawn[..., -1], np.minimum(allowed, 255).astype(np.uint8))
    return box, drawn
