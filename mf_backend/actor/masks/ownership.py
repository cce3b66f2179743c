"""Whose a pixel is by its place: a hand's, the rest of the actor's body's, or another person's."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.held import Hand
from mf_backend.actor.masks.shape import extent_of, skeleton_distance
from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.whole_skeleton import HEAD, LEFT_TIP, RIGHT_TIP, Points
from mf_backend.skeleton.joints import LEFT_HAND, RIGHT_HAND

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

_ARMS = {Hand.RIGHT: (2, 3, 4, RIGHT_TIP), Hand.LEFT: (5, 6, 7, LEFT_TIP)}
_LEGS = ((8, 9), (9, 10), (11, 12), (12, 13))
_FINGER = 0.1
"""Half width of a finger, in lengths of the hand."""
_PALM = (0, 1, 5, 9, 13, 17)
_HAND_SHARE = 0.36
"""Hand's length over the torso's."""


@dataclass(frozen=True)
class Places:
    """Distances in one frame, float32 [h, w] in pixels."""

    hands: dict[Hand, Floats]
    """To the surface of each hand."""
    body: Floats
    """To the surface of the body without hands and forearms."""
    forearms: dict[Hand, Floats]
    """To the surface of each forearm."""
    others: Floats
    """To the nearest other person's thick skeleton, infinite where there is none."""

    def of_hand(self, hand: Hand) -> Bools:
        """Pixels [h, w] that are nearer to this hand than to anything else of the actor's."""
        rest = [self.body, *self.forearms.values()]
        rest += [distance for other, distance in self.hands.items() if other is not hand]
        return np.asarray(self.hands[hand] < np.min(rest, axis=0), np.bool_)

    def surface(self) -> Floats:
        """To the surface of the actor, float32 [h, w] in pixels."""
        own = [self.body, *self.hands.values(), *self.forearms.values()]
        return np.asarray(np.min(own, axis=0), np.float32)

    def someone_else(self) -> Bools:
        """Pixels [h, w] that are nearer to another person than to the actor."""
        return np.asarray(self.others < self.surface(), np.bool_)


def see_places(
    points: Points,
    joints: NDArray[Any],
    others: NDArray[Any],
    widths: BodyWidths,
    size: tuple[int, int],
) -> Places:
    """Distances at `size` (width, height) from the whole skeleton `points` [24, 2].

    `joints` [60, 2] are the frame's own with the fingers (NaN absent), `others` [people, 18, 2].
    """
    drawn = np.zeros((size[1], size[0]), np.uint8)

    def line(canvas: NDArray[np.uint8], a: int, b: int, limb: str) -> None:
        _thick_line(canvas, points[a], points[b], float(np.median(widths.half[limb])))

    for a, b in _LEGS:
        line(drawn, a, b, "thigh")
    for shoulder, elbow, _, _ in _ARMS.values():
        line(drawn, shoulder, elbow, "upper_arm")
    line(drawn, 1, HEAD, "neck")
    _polygon(drawn, points[[2, 5, 11, 8]])
    _disc(drawn, points[HEAD], float(np.median(widths.head)))
    hands, forearms = {}, {}
    for hand, (_, elbow, wrist, tip) in _ARMS.items():
        arm = np.zeros_like(drawn)
        line(arm, elbow, wrist, "forearm")
        forearms[hand] = _distance(arm)
        palm = draw_hand(joints, hand, widths.unit, size)
        if not palm.any():
            line(palm, wrist, tip, "hand")
        hands[hand] = _distance(palm)
    apart = np.full(drawn.shape, np.inf, np.float32)
    extent = extent_of(np.asarray(joints, np.float64)[:18])
    for other in np.asarray(others, np.float64):
        tall = extent_of(other)
        if tall > 0.15 * extent:
            thick = max(1, round(0.09 * tall))
            apart = np.minimum(apart, skeleton_distance(other, size, thick))
    return Places(hands, _distance(drawn), forearms, apart)


def draw_core(
    points: Points, seen: Bools, widths: BodyWidths, share: float, size: tuple[int, int]
) -> Bools:
    """Trunk, limbs and head [h, w] of a skeleton [24, 2] with a share of the actor's own widths;
    only those whose joints were `seen` [24], and neither hands nor feet."""
    canvas = np.zeros((size[1], size[0]), np.uint8)
    limbs = [(a, b, "thigh" if k % 2 == 0 else "shin") for k, (a, b) in enumerate(_LEGS)]
    for shoulder, elbow, wrist, _ in _ARMS.values():
        limbs += [(shoulder, elbow, "upper_arm"), (elbow, wrist, "forearm")]
    for a, b, limb in limbs:
        if seen[[a, b]].all():
            half = share * float(np.median(widths.half[limb]))
            _thick_line(canvas, points[a], points[b], half)
    trunk = [2, 5, 11, 8]
    if seen[trunk].all():
        middle = points[trunk].mean(axis=0)
        _polygon(canvas, middle + share * (points[trunk] - middle))
        _thick_line(canvas, points[1], points[[8, 11]].mean(axis=0), share * 0.2 * widths.unit)
    if seen[HEAD]:
        _disc(canvas, points[HEAD], share * float(np.median(widths.head)))
    return np.asarray(canvas > 0, np.bool_)


def draw_hand(
    joints: NDArray[Any], hand: Hand, unit: float, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """A hand from its 21 joints in `joints` [60, 2]: uint8 [h, w] of 0 or 255; empty where none."""
    canvas = np.zeros((size[1], size[0]), np.uint8)
    points = np.asarray(joints, np.float64)[RIGHT_HAND if hand is Hand.RIGHT else LEFT_HAND]
    if not np.isfinite(points).all():
        return canvas
    half = _FINGER * _HAND_SHARE * unit
    _polygon(canvas, points[list(_PALM)])
    for finger in range(5):
        chain = [0, *(4 * finger + k for k in (1, 2, 3, 4))]
        for a, b in itertools.pairwise(chain):
            _thick_line(canvas, points[a], points[b], half)
    return canvas


def _cv_point(point: NDArray[np.float64]) -> tuple[int, int]:
    x, y = np.clip(np.round(point), -10_000, 10_000)
    return int(x), int(y)


def _thick_line(
    canvas: NDArray[np.uint8], a: NDArray[np.float64], b: NDArray[np.float64], half: float
) -> None:
    import cv2

    if np.isfinite(a).all() and np.isfinite(b).all():
        cv2.line(canvas, _cv_point(a), _cv_point(b), 255, max(1, round(2 * half)))


def _polygon(canvas: NDArray[np.uint8], corners: NDArray[np.float64]) -> None:
    import cv2

    if np.isfinite(corners).all():
        hull = cv2.convexHull(np.array([_cv_point(c) for c in corners], np.int32))
        cv2.fillConvexPoly(canvas, hull, 255)


def _disc(canvas: NDArray[np.uint8], centre: NDArray[np.float64], radius: float) -> None:
    import cv2

    if np.isfinite(centre).all():
        cv2.circle(canvas, _cv_point(centre), max(1, round(radius)), 255, -1)


def _distance(drawn: NDArray[np.uint8]) -> Floats:
    """Distance of every pixel from what is drawn; infinite where nothing is."""
    import cv2

    if not drawn.any():
        return np.full(drawn.shape, np.inf, np.float32)
    return np.asarray(cv2.distanceTransform(255 - drawn, cv2.DIST_L2, 3), np.float32)
