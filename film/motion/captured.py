"""A move from motion capture: what the joints of a BVH file do, as stances of any body.

Only where joints are counts, and how the head turns: rest poses and axes differ from file to file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from film.motion.bvh import Capture, read_bvh
from film.motion.stance import Foot, Move, Stance
from mf_backend.contracts.errors import InputError
from motionfollower_addon.core.rig.bone_maps import detect
from motionfollower_addon.core.rig.bones import Bone
from motionfollower_addon.core.rig.mapping import End, Mapping

Array = NDArray[np.float64]
_SIDES = (("left", 1.0), ("right", -1.0))
_TILT = 0.4
"""The pelvis' share of how far the trunk leans."""
_JUMP = 0.15
"""In lengths of a leg: a first frame that far from the second is a pose for calibration."""
_LOW = 2
"""Percent of all frames in which a foot is taken to stand on the floor."""
_AHEAD = 1.0
"""Seconds over whose middle a person is put on his place."""


def is_capture(move: str) -> bool:
    """Whether a move's name is a file of motion capture."""
    return move.lower().endswith(".bvh")


def captured(file: str) -> Callable[[float, float, float], Move]:
    """What makes the move of a file: `phase` says where in it, `amount` how far people go.

    At a file's end it goes backwards. Raises InputError where the file gives no motion, or its
    joints are not a known person's.
    """
    motion = _motion(file)

    def make(speed: float, phase: float, amount: float) -> Move:
        start = (phase % 1.0) * motion.seconds
        soon = start + np.linspace(0, _AHEAD * speed, 12)
        middle = np.mean([motion.at(t).hips[:2] for t in soon], axis=0)
        heading = motion.at(start).turn

        def at(seconds: float) -> Stance:
            return _stance(motion.at(start + seconds * speed), middle, heading, amount)

        return at

    return make


@dataclass(frozen=True)
class _Pose:
    """One moment in lengths of a leg: x, y on the floor and z up, with the person's own left at +x
    when he faces -y. Arms are as the chest sees them."""

    hips: Array
    turn: float
    chest: Array
    head: Array
    arms: Array
    """[2 sides, upper and fore, 3]."""
    balls: Array
    """[2, 3], where a foot stands and how high it is raised."""
    feet: Array
    """[2 sides, heading and pitch]."""


@dataclass(frozen=True)
class _Motion:
    """A capture's joints by name [n, 3], z up, in the file's lengths; `head` turns [n, 3, 3]."""

    fps: float
    leg: float
    joints: dict[str, Array]
    head: Array
    floor: float
    standing: float
    """How high hips are over straight legs."""
    flat: tuple[float, ...]
    """Of each foot: how far its line from ankle to toe goes down where it stands, radians."""

    @property
    def seconds(self) -> float:
        return (len(self.head) - 1) / self.fps

    def at(self, seconds: float) -> _Pose:
        """Between two frames; beyond the last one backwards."""
        last = len(self.head) - 1
        place = (seconds * self.fps) % (2 * last)
        place = place if place <= last else 2 * last - place
        first = min(int(place), last - 1)
        share = place - first
        now = {
            name: path[first] + share * (path[first + 1] - path[first])
            for name, path in self.joints.items()
        }
        return self._pose(now, self.head[round(place)])

    def _pose(self, now: dict[str, Array], head: Array) -> _Pose:
        hips = (now["left_hip"] + now["right_hip"]) / 2
        across = now["left_hip"] - now["right_hip"]
        turn = math.atan2(across[1], across[0])
        chest = _chest(now)
        arms, balls, feet = np.zeros((2, 2, 3)), np.zeros((2, 3)), np.zeros((2, 2))
        for index, (side, sign) in enumerate(_SIDES):
            points = [now[f"{side}_{part}"] for part in ("shoulder", "elbow", "wrist")]
            seen = np.diff(np.stack(points), axis=0) @ chest
            arms[index] = seen / np.linalg.norm(seen, axis=1, keepdims=True)
            arms[index, :, 0] *= sign
            ankle, toe = now[f"{side}_ankle"], now.get(f"{side}_toe")
            heading, pitch, ball = turn, 0.0, ankle.copy()
            if toe is not None:
                along = toe - ankle
                far = float(np.hypot(along[0], along[1]))
                if far > 0.2 * float(np.linalg.norm(along)):
                    heading = math.atan2(along[0], -along[1])
                pitch = math.atan2(-along[2], far) - self.flat[index]
                # Where the ankle would be if the foot lay flat behind its ball.
                back = math.cos(self.flat[index]) * float(np.linalg.norm(along))
                ball = toe - back * np.array([math.sin(heading), -math.cos(heading), 0.0])
            balls[index] = [*ball[:2], max(float(ball[2]) - self.floor, 0.0)]
            feet[index] = heading, pitch
        place = np.array([hips[0], hips[1], hips[2] - self.standing]) / self.leg
        return _Pose(place, turn, chest, head, arms, balls / self.leg, feet)


def _chest(now: dict[str, Array]) -> Array:
    """Axes [..., 3, 3] as columns: left, back and up of the trunk."""
    up = now["left_shoulder"] + now["right_shoulder"] - now["left_hip"] - now["right_hip"]
    left = now["left_shoulder"] - now["right_shoulder"]
    up = up / np.linalg.norm(up, axis=-1, keepdims=True)
    left = left - up * (left * up).sum(axis=-1, keepdims=True)
    left = left / np.linalg.norm(left, axis=-1, keepdims=True)
    return np.stack([left, np.cross(up, left), up], axis=-1)


def _stance(pose: _Pose, middle: Array, heading: float, amount: float) -> Stance:
    """A pose put on the floor's middle and turned by its first heading."""
    back = np.array(
        [[math.cos(heading), math.sin(heading)], [-math.sin(heading), math.cos(heading)]]
    )
    gone = pose.hips[:2] - middle
    left, behind = back @ (amount * gone)
    whole = np.eye(3)
    whole[:2, :2] = back
    chest = whole @ pose.chest
    turn = _wrapped(pose.turn - heading)
    leaning = math.atan2(chest[2, 1], chest[2, 2])
    feet = []
    for ball, (own, pitch) in zip(pose.balls, pose.feet, strict=True):
        x, y = back @ (ball[:2] - pose.hips[:2]) + (left, behind)
        foot_turn = turn + _wrapped(own - pose.turn)
        feet.append(Foot(float(x), float(-y), float(ball[2]), float(pitch), foot_turn))
    arms = [[(float(x), float(z), float(-y)) for x, y, z in arm] for arm in pose.arms]
    return Stance(
        hips=(float(left), float(-behind), float(pose.hips[2])),
        turn=turn,
        tilt=_TILT * leaning,
        bend=(1 - _TILT) * leaning,
        side=-math.asin(min(max(float(chest[2, 0]), -1.0), 1.0)),
        twist=_wrapped(math.atan2(chest[1, 0], chest[0, 0]) - turn),
        nod=math.atan2(-pose.head[1, 2], pose.head[2, 2]),
        look=math.atan2(-pose.head[0, 1], pose.head[0, 0]),
        upper_arms=(arms[0][0], arms[1][0]),
        forearms=(arms[0][1], arms[1][1]),
        feet=(feet[0], feet[1]),
    )


def _wrapped(angle: float) -> float:
    return math.remainder(angle, 2 * math.pi)


@cache
def _motion(file: str) -> _Motion:
    capture = read_bvh(Path(file))
    mapping = _mapping(capture, file)
    numbers = {joint.name: number for number, joint in reversed(list(enumerate(capture.joints)))}
    ends = {joint.parent: number for number, joint in reversed(list(enumerate(capture.joints)))}
    joints = {}
    for name, anchor in mapping.joints.items():
        number = numbers[anchor.bone]
        if anchor.end is not End.HEAD:
            number = ends.get(number, number)
        joints[name] = capture.places[:, number]
    turns = capture.turns[:, numbers[mapping.joints["head"].bone]] if "head" in joints else None
    upright = _upright(joints)
    joints = {name: path @ upright.T for name, path in joints.items()}
    leg = np.mean([_long(joints, s, "hip", "knee") + _long(joints, s, "knee", "ankle")
                   for s, _ in _SIDES])  # fmt: skip
    first = 0
    if max(np.linalg.norm(path[1] - path[0]) for path in joints.values()) > _JUMP * leg:
        first = 1
    joints = {name: path[first:] for name, path in joints.items()}
    if len(joints["left_hip"]) < 2:
        raise _refuse(file, "it holds no motion")
    chest = _chest(joints)
    head = np.tile(np.eye(3), (len(chest), 1, 1))
    if turns is not None:
        against = np.swapaxes(chest, 1, 2) @ upright @ turns[first:]
        # On the whole, people look ahead.
        one, _, two = np.linalg.svd(against.mean(axis=0))
        head = against @ (one @ two).T
    flat, lowest = [], []
    for side, _ in _SIDES:
        ankle, toe = joints[f"{side}_ankle"], joints.get(f"{side}_toe")
        along = toe - ankle if toe is not None else np.zeros_like(ankle)
        falls = np.arctan2(-along[:, 2], np.hypot(along[:, 0], along[:, 1]))
        flat.append(float(np.median(falls)))
        lowest.append((ankle if toe is None else toe)[:, 2])
    floor = float(np.percentile(np.concatenate(lowest), _LOW))
    ankles = np.concatenate([joints[f"{side}_ankle"][:, 2] for side, _ in _SIDES])
    standing = float(leg + np.percentile(ankles, _LOW))
    return _Motion(capture.fps, float(leg), joints, head, floor, standing, tuple(flat))


def _long(joints: dict[str, Array], side: str, start: str, end: str) -> float:
    line = joints[f"{side}_{end}"] - joints[f"{side}_{start}"]
    return float(np.median(np.linalg.norm(line, axis=1)))


def _upright(joints: dict[str, Array]) -> Array:
    """The turn [3, 3] that makes the axis along which people mostly stand the third one."""
    trunks = sum(joints[f"{side}_shoulder"] - joints[f"{side}_hip"] for side, _ in _SIDES)
    along = np.asarray(trunks).mean(axis=0)
    axis = int(np.abs(along).argmax())
    up = np.zeros(3)
    up[axis] = math.copysign(1.0, along[axis])
    beside = np.eye(3)[(axis + 1) % 3]
    return np.stack([beside, np.cross(up, beside), up])


def _mapping(capture: Capture, file: str) -> Mapping:
    bones, ends = [], {}
    for number, joint in enumerate(capture.joints):
        ends.setdefault(joint.parent, number)
    for number, joint in enumerate(capture.joints):
        if not joint.channels:
            continue
        parent = capture.joints[joint.parent].name if joint.parent >= 0 else ""
        head, tail = (capture.rest[n].tolist() for n in (number, ends.get(number, number)))
        bones.append(Bone(joint.name, parent, tuple(head), tuple(tail)))
    found = detect(bones)
    if found.missing:
        raise _refuse(file, f"no joint was found for {', '.join(found.missing)}")
    return found.mapping


def _refuse(file: str, why: str) -> InputError:
    return InputError(
        "film-bvh", f"{file} gives no motion: {why}.", "Name BVH files of a whole person."
    )
