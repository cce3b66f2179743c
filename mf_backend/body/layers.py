"""Cutting the actor into layers: which pixels of a frame belong to which limb.

A pixel of the mask belongs to the bone that is nearest in units of the actor's width there. An arm
in front of the body wins over the body. Layers overlap softly, so that they can turn against each
other without a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.whole_skeleton import (
    HEAD,
    LEFT_TIP,
    LEFT_TOE,
    MID_HIP,
    RIGHT_TIP,
    RIGHT_TOE,
    Points,
)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Bone:
    """A piece that moves as one: from point a to point b, as wide as `limb` was measured."""

    name: str
    a: int
    b: int
    limb: str


BONES = (
    Bone("hips", 1, MID_HIP, "trunk"),
    Bone("shoulders", 1, MID_HIP, "trunk"),
    Bone("head", 1, HEAD, "neck"),
    Bone("right_upper_arm", 2, 3, "upper_arm"),
    Bone("right_forearm", 3, 4, "forearm"),
    Bone("right_hand", 4, RIGHT_TIP, "hand"),
    Bone("left_upper_arm", 5, 6, "upper_arm"),
    Bone("left_forearm", 6, 7, "forearm"),
    Bone("left_hand", 7, LEFT_TIP, "hand"),
    Bone("right_thigh", 8, 9, "thigh"),
    Bone("right_shin", 9, 10, "shin"),
    Bone("right_foot", 10, RIGHT_TOE, "foot"),
    Bone("left_thigh", 11, 12, "thigh"),
    Bone("left_shin", 12, 13, "shin"),
    Bone("left_foot", 13, LEFT_TOE, "foot"),
)
BONE = {bone.name: bone for bone in BONES}
LABELS = tuple(bone.name for bone in BONES if bone.name != "hips")
"""Bones by which pixels of a frame are told apart, in the order of their numbers."""


@dataclass(frozen=True)
class Layer:
    """Bones that bend into each other, drawn together."""

    name: str
    bones: tuple[str, ...]
    margin: float
    """How far its pixels may lie from its bones, in torso lengths."""


LEGS = (
    Layer("right_leg", ("hips", "right_thigh", "right_shin", "right_foot"), 0.45),
    Layer("left_leg", ("hips", "left_thigh", "left_shin", "left_foot"), 0.45),
)
TRUNK = Layer("trunk", ("hips", "shoulders", "head"), 0.75)
ARMS = (
    Layer("right_arm", ("right_upper_arm", "right_forearm", "right_hand"), 0.5),
    Layer("left_arm", ("left_upper_arm", "left_forearm", "left_hand"), 0.5),
)
LAYERS = (*LEGS, TRUNK, *ARMS)

_BODY_FLOOR = 0.95
"""Inside the body everything counts as this far from the trunk's axis, so arms in front win."""
_HELD = 1.5
"""From this many half widths off the hand's middle a pixel is no part of the hand itself."""
_HELD_AREA = 0.015
"""Smallest thing in a hand that counts, in squared torso lengths."""
_TRUNK_END = 1.1
"""Torso lengths below the neck at which the trunk ends."""
_SHOULDER = 0.26
"""Distance from a shoulder, in torso lengths, within which hair may lie over the arm."""
_WORKING_HEIGHT = 320
"""Pixels of height at which the cut is computed; it is smooth, and enlarged afterwards."""


def bone_distance(points: Points, bone: Bone, widths: BodyWidths, x: Floats, y: Floats) -> Floats:
    """Distance of pixels to a bone in units of the actor's half width there, float32."""
    a, along = points[bone.a], points[bone.b] - points[bone.a]
    length2 = max(float(along @ along), 1e-6)
    t = ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / length2
    t = np.clip(t, 0, 1).astype(np.float32)
    distance = np.hypot(x - a[0] - t * along[0], y - a[1] - t * along[1])
    half = widths.at(bone.limb, np.linspace(0, 1, 33))
    local: Floats = half.astype(np.float32)[np.rint(t * 32).astype(np.int32)]
    if bone.name == "head":
        # The head's own centre counts as the middle of a disc of its measured size.
        radius = float(np.median(widths.head))
        centre = points[HEAD]
        disc = np.hypot(x - centre[0], y - centre[1]) / radius
        return np.asarray(np.minimum(disc, distance / local), np.float32)
    return np.asarray(distance / np.maximum(local, 1.0), np.float32)


@dataclass(frozen=True)
class Cut:
    """Soft membership of a frame's pixels, float32 0..1, by bone name, at the box's own size.

    `box` is x0, y0, x1, y1 (exclusive) in the frame. `hidden` marks the body behind the arms,
    `held` what a hand holds, by the arm's layer; absent where it holds nothing.
    """

    box: tuple[int, int, int, int]
    members: dict[str, Floats]
    hidden: Floats
    held: dict[str, Floats] = field(default_factory=dict)


class Telling(Enum):
    """How pixels are told apart: the bones against which arms in front of them win."""

    PIECES = ("shoulders", "head")
    """For layers whose legs are drawn with the hips."""
    SURFACES = tuple(name for name in LABELS if not name.endswith(("arm", "hand")))
    """For legs on their own: what lies between them below the hips is theirs, not the trunk's."""


def _below_hips(points: Points, x: Floats, y: Floats) -> Floats:
    """By how much the pixels at x, y count as further from the trunk: 1 down to the hips."""
    along = points[MID_HIP] - points[1]
    length2 = max(float(along @ along), 1e-6)
    share = ((x - points[1, 0]) * along[0] + (y - points[1, 1]) * along[1]) / length2
    return np.asarray(1 + np.clip(8 * (share - _TRUNK_END), 0, 3), np.float32)


def tell_apart(
    x: Floats,
    y: Floats,
    points: Points,
    widths: BodyWidths,
    frame: NDArray[np.uint8] | None = None,
    inside: NDArray[np.bool_] | None = None,
    telling: Telling = Telling.PIECES,
) -> tuple[dict[str, Floats], NDArray[Any]]:
    """Distances of the pixels at x, y to the bones in half widths, by name, and the number in
    LABELS of the bone that each pixel belongs to.

    With `frame` [h, w, 3] and the actor's `inside` [h, w], colours correct what distances say of
    the arms' surroundings.
    """
    from mf_backend.body.colour import return_to_body

    near = {name: bone_distance(points, BONE[name], widths, x, y) for name in LABELS}
    told = dict(near)
    for name in telling.value:
        # Between these the smaller distance still decides; only arms see the floor.
        told[name] = np.maximum(near[name], _BODY_FLOOR) + 0.01 * near[name]
    if telling is Telling.SURFACES:
        told["shoulders"] = told["shoulders"] * _below_hips(points, x, y)
    label = np.argmin(np.stack([told[name] for name in LABELS]), axis=0)
    if frame is not None and inside is not None:
        arms = np.min([near[b] for layer in ARMS for b in layer.bones], axis=0)
        reach = _SHOULDER * widths.unit
        shoulders = np.min([np.hypot(x - points[k, 0], y - points[k, 1]) for k in (2, 5)], 0)
        label = return_to_body(label, LABELS, told, arms, inside, shoulders < reach, frame)
    return near, label


def cut(
    mask: NDArray[np.uint8],
    points: Points,
    widths: BodyWidths,
    frame: NDArray[np.uint8] | None = None,
) -> Cut | None:
    """Divide a mask's pixels among the bones; None where the mask is empty.

    With `frame` [H, W, 3], colours correct what distances say of the arms' surroundings.
    """
    import cv2

    rows, columns = np.flatnonzero(mask.max(1) > 8), np.flatnonzero(mask.max(0) > 8)
    if not rows.size:
        return None
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    width, height = box[2] - box[0], box[3] - box[1]
    step = max(1.0, height / _WORKING_HEIGHT)
    small = (max(2, round(width / step)), max(2, round(height / step)))
    xs = ((np.arange(small[0]) + 0.5) * width / small[0] - 0.5 + box[0]).astype(np.float32)
    ys = ((np.arange(small[1]) + 0.5) * height / small[1] - 0.5 + box[1]).astype(np.float32)
    x, y = np.meshgrid(xs, ys)
    inside = little = None
    if frame is not None:
        part = frame[box[1] : box[3], box[0] : box[2]]
        little = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
        inside = cv2.resize(mask[box[1] : box[3], box[0] : box[2]], small) >= 200
    near, label = tell_apart(x, y, points, widths, little, inside)
    body = np.minimum(near["shoulders"], near["head"])
    arms = np.min([near[b] for layer in ARMS for b in layer.bones], axis=0)
    hidden = ((arms < 1.0) & (body < 1.0)).astype(np.float32)
    names = LABELS
    soft = max(1.2, 0.012 * widths.unit / step)
    members: dict[str, Floats] = {}
    for k, name in enumerate(names):
        own = cv2.GaussianBlur((label == k).astype(np.float32), (0, 0), soft)
        members[name] = cv2.resize(own, (width, height), interpolation=cv2.INTER_LINEAR)
    hidden = cv2.resize(hidden, (width, height), interpolation=cv2.INTER_LINEAR)
    solid = cv2.resize(mask[box[1] : box[3], box[0] : box[2]], small) >= 128
    held = {}
    for layer in ARMS:
        hand = layer.bones[-1]
        beyond = solid & (label == names.index(hand)) & (near[hand] > _HELD) & (body > 1.3)
        if beyond.sum() * step * step > _HELD_AREA * widths.unit**2:
            # The hand itself belongs to it, so that the two are not torn apart.
            whole = solid & (label == names.index(hand))
            held[layer.name] = cv2.resize(whole.astype(np.float32), (width, height))
    return Cut(box, members, hidden, held)


def overlap_of_arm(points: Points, widths: BodyWidths, layer: Layer) -> float:
    """Part of an arm, 0..1, that lies in front of (or behind) the trunk or the head."""
    t = np.linspace(0.15, 1, 9)[:, None]
    bones = [BONE[name] for name in layer.bones]
    places = np.concatenate([points[b.a] + t * (points[b.b] - points[b.a]) for b in bones])
    x, y = places[:, 0].astype(np.float32), places[:, 1].astype(np.float32)
    trunk = bone_distance(points, BONE["shoulders"], widths, x, y)
    head = bone_distance(points, BONE["head"], widths, x, y)
    return float((np.minimum(trunk, head) < 0.95).mean())


def in_picture(points: Any, size: tuple[int, int], margin: float = 2.0) -> NDArray[np.bool_]:
    """Which points [..., 2] lie inside a picture (width, height), `margin` pixels from its edge."""
    limit = np.array(size, np.float64) - 1 - margin
    inside: NDArray[np.bool_] = ((points >= margin) & (points <= limit)).all(-1)
    return inside
