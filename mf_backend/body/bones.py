"""The bones of the actor, and which pixels of a frame belong to which.

A pixel of the mask belongs to the bone that is nearest in units of the actor's width there. An arm
in front of the body wins over the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.skirt import cloth_distance, lay
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
LABELS = tuple(BONE)
"""Bones by which pixels of a frame are told apart, in the order of their numbers."""
SKIRT = "skirt"
"""What hangs about both legs is no bone, but told apart like one."""
NUMBER = {name: number for number, name in enumerate((*LABELS, SKIRT))}
ARM_BONES = tuple(
    tuple(f"{side}_{piece}" for piece in ("upper_arm", "forearm", "hand"))
    for side in ("right", "left")
)

_BODY = tuple(name for name in LABELS if not name.endswith(("arm", "hand")))
_BODY_FLOOR = 0.95
"""Inside the body everything counts as this far from the trunk's axis, so arms in front win."""
_UNDER_HANDS = ("shoulders", "head", "right_thigh", "left_thigh")
_DRESSED = ("shoulders", *(name for name in LABELS if name.endswith(("thigh", "shin"))))
_CLOTH = 1.4
"""Half widths of a skirt within which what is the body's or a leg's is cloth."""
_HELD = 1.5
"""From this many half widths off the hand's middle a pixel is no part of the hand itself."""
_ON_BODY = 1.3
_FINGERS, _SLIVER = 2.2, 0.4
"""From the first many half widths off a hand's middle on what is narrower than twice the second is
no part of it, nor of a thing that it holds: an edge of cloth, or a trace beside him."""
_TRUNK_END = 1.1
"""Torso lengths below the neck at which the trunk ends."""
_SHOULDER = 0.26
"""Distance from a shoulder, in torso lengths, within which hair may lie over the arm."""


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
) -> tuple[dict[str, Floats], NDArray[Any]]:
    """Distances of the pixels at x, y to the bones (and a skirt) in half widths, by name, and the
    NUMBER of what each pixel belongs to.

    With `frame` [h, w, 3] and the actor's `inside` [h, w], colours correct what distances say of
    the arms' surroundings.
    """
    from mf_backend.body.colour import return_to_body, share_with_hands

    near = {name: bone_distance(points, BONE[name], widths, x, y) for name in LABELS}
    told = dict(near)
    for name in _BODY:
        # Between these the smaller distance still decides; only arms see the floor.
        told[name] = np.maximum(near[name], _BODY_FLOOR) + 0.01 * near[name]
    # What lies between the legs below the hips is theirs, not the trunk's.
    told["shoulders"] = told["shoulders"] * _below_hips(points, x, y)
    label = np.argmin(np.stack([told[name] for name in LABELS]), axis=0)
    clothed = np.min([near[name] for name in _UNDER_HANDS], axis=0)
    under = np.argmin(np.stack([near[name] for name in _UNDER_HANDS]), axis=0)
    dressed = np.array([LABELS.index(name) for name in _UNDER_HANDS])[under]
    for arm in ARM_BONES:
        # A thing that is held counts as the hand's only where no body lies.
        beside = (label == LABELS.index(arm[-1])) & (near[arm[-1]] > _HELD)
        slivers = _slivers(label == LABELS.index(arm[-1]), near[arm[-1]], arm[-1], widths, x)
        label = np.where((beside & (clothed < _ON_BODY)) | slivers, dressed, label)
    if frame is not None and inside is not None:
        arms = np.min([near[b] for arm in ARM_BONES for b in arm], axis=0)
        reach = _SHOULDER * widths.unit
        shoulders = np.min([np.hypot(x - points[k, 0], y - points[k, 1]) for k in (2, 5)], 0)
        label = return_to_body(label, LABELS, told, arms, inside, shoulders < reach, frame)
        label = share_with_hands(label, LABELS, told, inside, frame)
    if widths.skirt is not None:
        share, side = lay(points, widths.skirt).places(x, y)
        near[SKIRT] = cloth_distance(share, side, widths.skirt)
        worn = (share >= 0) & (share <= widths.skirt.hem) & (near[SKIRT] < _CLOTH)
        dressed = np.isin(label, [NUMBER[name] for name in _DRESSED])
        label = np.where(worn & dressed, NUMBER[SKIRT], label)
    return near, label


def _slivers(
    mine: NDArray[np.bool_], near: Floats, hand: str, widths: BodyWidths, x: Floats
) -> NDArray[np.bool_]:
    """Pixels [h, w] that count as a `hand`'s, far off it and in a narrow piece.

    `near` is their distance from it in half widths, `x` where they lie.
    """
    import cv2

    far = mine & (near > _FINGERS)
    if not far.any() or far.ndim < 2:
        return far
    pixel = max(float(x[0, -1] - x[0, 0]) / max(x.shape[1] - 1, 1), 1e-6)
    half = float(widths.at(BONE[hand].limb, np.array([0.4]))[0]) / pixel
    side = 2 * max(1, round(_SLIVER * half)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    # Its edges to the fingers and to the picture's border are no edges of a piece.
    broad = cv2.morphologyEx(mine.astype(np.uint8), cv2.MORPH_OPEN, disc)
    return np.asarray(far & (broad == 0))


def overlap_of_arm(
    points: Points, widths: BodyWidths, arm: Sequence[str], body: Sequence[str]
) -> float:
    """Part of an arm, 0..1, that lies in front of (or behind) one of the bones `body`."""
    t = np.linspace(0.15, 1, 9)[:, None]
    bones = [BONE[name] for name in arm]
    places = np.concatenate([points[b.a] + t * (points[b.b] - points[b.a]) for b in bones])
    x, y = places[:, 0].astype(np.float32), places[:, 1].astype(np.float32)
    near = np.min([bone_distance(points, BONE[name], widths, x, y) for name in body], axis=0)
    return float((near < _BODY_FLOOR).mean())


def in_picture(points: Any, size: tuple[int, int], margin: float = 2.0) -> NDArray[np.bool_]:
    """Which points [..., 2] lie inside a picture (width, height), `margin` pixels from its edge."""
    limit = np.array(size, np.float64) - 1 - margin
    inside: NDArray[np.bool_] = ((points >= margin) & (points <= limit)).all(-1)
    return inside
