"""The bones of an actor's rig: names, rest pose and what each follows.

Named as Rigify's meta rig, which many tools know; between its bones are some of our own, so that
every joint hangs on one that only turns: hips on the pelvis, knuckles on the palm, eyes and ears
on the head.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import FINGERS

from ..lifting.body import CHEST_DROP, LINKS, PELVIS_RISE, POINT
from ..lifting.whole import Lifted

Array = NDArray[np.float64]

MAP = "rigify_metarig"
"""The bone map that knows the names."""
ROOT = "spine"


@dataclass(frozen=True)
class RigBone:
    """A bone from one named point to another, `turned` by a pair of points where that is known."""

    name: str
    parent: str
    head: str
    tail: str
    turned: tuple[str, str] | None = None
    """(from, to): a direction across the bone that says how it is turned about itself."""
    still: bool = False
    """Follows its parent and nothing else."""


def _bones() -> tuple[RigBone, ...]:
    hips, shoulders = ("right_hip", "left_hip"), ("right_shoulder", "left_shoulder")
    ears = ("right_ear", "left_ear")
    bones = [
        RigBone(ROOT, "", "pelvis", "waist", hips),
        RigBone("spine.001", ROOT, "waist", "chest", shoulders),
        RigBone("spine.004", "spine.001", "chest", "head"),
        RigBone("spine.006", "spine.004", "head", "crown", ears),
        RigBone("nose.001", "spine.006", "head", "nose"),
    ]
    for side, s in (("right", "R"), ("left", "L")):

        def add(
            name: str,
            parent: str,
            head: str,
            tail: str,
            turned: tuple[str, str] | None = None,
            still: bool = False,
            *,
            s: str = s,
        ) -> None:
            above = parent if parent.startswith("spine") else f"{parent}.{s}"
            bones.append(RigBone(f"{name}.{s}", above, head, tail, turned, still))

        add("pelvis", ROOT, "pelvis", f"{side}_hip")
        add("thigh", "pelvis", f"{side}_hip", f"{side}_knee")
        add("shin", "thigh", f"{side}_knee", f"{side}_ankle")
        add("foot", "shin", f"{side}_ankle", f"{side}_ball", hips)
        add("toe", "foot", f"{side}_ball", f"{side}_toe", still=True)
        add("shoulder", "spine.001", "chest", f"{side}_shoulder")
        add("upper_arm", "shoulder", f"{side}_shoulder", f"{side}_elbow")
        add("forearm", "upper_arm", f"{side}_elbow", f"{side}_wrist")
        knuckles = (f"{side}_hand_17", f"{side}_hand_5")
        add("hand", "forearm", f"{side}_wrist", f"{side}_hand_9", knuckles)
        for part in ("eye", "ear"):
            add(f"face.{part}", "spine.006", "head", f"{side}_{part}")
            add(part, f"face.{part}", f"{side}_{part}", f"{side}_{part}_end", still=True)
        for number, finger in enumerate(FINGERS):
            root = 4 * number + 1
            name = {"thumb": "thumb", "little": "f_pinky"}.get(finger, f"f_{finger}")
            above = f"palm.{number:02d}"
            add(above, "hand", f"{side}_wrist", f"{side}_hand_{root}")
            for k in range(3):
                ends = f"{side}_hand_{root + k}", f"{side}_hand_{root + k + 1}"
                add(f"{name}.{k + 1:02d}", above, *ends)
                above = f"{name}.{k + 1:02d}"
    return tuple(bones)


BONES = _bones()
"""Parents before their children."""

# Directions of a rest pose that stands with its arms out and looks along -y: left is +x.
_FINGER_ANGLES = (0.8, 0.22, 0.0, -0.2, -0.4)
_FOOT, _BALL_DROP, _TOE, _CROWN, _POINTED = 0.15, 0.06, 0.06, 0.15, 0.02


def rest_points(lifted: Lifted, scale: float) -> dict[str, Array]:
    """The named points [3] of a figure at rest, its feet on the ground below the origin."""
    length = {(link.start, link.end): lifted.lengths[link.group] for link in LINKS}

    def long(start: str, end: str) -> float:
        return length[POINT[start], POINT[end]]

    points: dict[str, Array] = {"pelvis": np.zeros(3)}
    points["waist"] = np.array([0.0, 0.0, long("pelvis", "waist")])
    points["chest"] = points["waist"] + np.array([0.0, 0.0, long("waist", "chest")])
    points["head"] = points["chest"] + _along(long("chest", "head"), 0.0, -0.15, 1.0)
    points["crown"] = points["head"] + [0.0, 0.0, _CROWN * scale]
    points["nose"] = points["head"] + _along(long("head", "nose"), 0.0, -1.0, -0.3)
    for side, sign in (("right", -1.0), ("left", 1.0)):
        hip, shoulder = long("pelvis", f"{side}_hip"), long("chest", f"{side}_shoulder")
        points[f"{side}_hip"] = points["pelvis"] + _level(hip, sign, -PELVIS_RISE * scale)
        points[f"{side}_shoulder"] = points["chest"] + _level(shoulder, sign, CHEST_DROP * scale)
        for above, below, ahead in (("hip", "knee", -0.02), ("knee", "ankle", 0.02)):
            way = _along(long(f"{side}_{above}", f"{side}_{below}"), 0.0, ahead, -1.0)
            points[f"{side}_{below}"] = points[f"{side}_{above}"] + way
        ball = np.array([0.0, -_FOOT, -_BALL_DROP]) * scale
        points[f"{side}_ball"] = points[f"{side}_ankle"] + ball
        points[f"{side}_toe"] = points[f"{side}_ball"] + [0.0, -_TOE * scale, 0.0]
        for above, below in (("shoulder", "elbow"), ("elbow", "wrist")):
            reach = long(f"{side}_{above}", f"{side}_{below}")
            points[f"{side}_{below}"] = points[f"{side}_{above}"] + [sign * reach, 0.0, 0.0]
        for part, look in (("eye", (0.35 * sign, -1.0, 0.3)), ("ear", (sign, 0.0, 0.0))):
            here = points["head"] + _along(long("head", f"{side}_{part}"), *look)
            points[f"{side}_{part}"] = here
            points[f"{side}_{part}_end"] = here + np.array([0.0, -_POINTED * scale, 0.0])
        _rest_hand(points, side, sign, lifted.hands[side].lengths)
    lowest = min(points["right_ball"][2], points["left_ball"][2])
    return {name: point - [0.0, 0.0, lowest] for name, point in points.items()}


def _along(length: float, x: float, y: float, z: float) -> Array:
    way = np.array([x, y, z])
    return way * (length / float(np.linalg.norm(way)))


def _level(length: float, sign: float, rise: float) -> Array:
    """Sideways and up or down, `length` in all."""
    rise = float(np.clip(rise, -0.7 * length, 0.7 * length))
    return np.array([sign * np.sqrt(length * length - rise * rise), 0.0, rise])


def _rest_hand(points: dict[str, Array], side: str, sign: float, lengths: Array) -> None:
    for finger, angle in enumerate(_FINGER_ANGLES):
        here = points[f"{side}_wrist"]
        for k in range(4 * finger + 1, 4 * finger + 5):
            turn = angle if k % 4 == 1 or finger == 0 else 0.0
            here = here + lengths[k - 1] * np.array([sign * np.cos(turn), -np.sin(turn), 0.0])
            points[f"{side}_hand_{k}"] = here


def moving_points(lifted: Lifted) -> dict[str, Array]:
    """The named points [n, 3] of a lifted figure, as far as they were lifted."""
    points = {name: lifted.points[:, index] for name, index in POINT.items()}
    for side, hand in lifted.hands.items():
        for k in range(1, 21):
            points[f"{side}_hand_{k}"] = hand.points[:, k]
    return points
