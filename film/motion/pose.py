"""Puts a rig into a stance: turns of its bones, legs by their lengths, feet on the floor."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import bpy
import numpy as np
from mathutils import Matrix, Quaternion
from numpy.typing import NDArray

from film.motion.roles import Roles, roles
from film.motion.stance import Foot, Move, Stance

Array = NDArray[np.float64]
_SIDES = (("left", 1.0), ("right", -1.0))
_REACH = 0.998
_CURL = 1.25
_FINGERS = ("thumb", "index", "middle", "ring", "little")


def about(axis: str, angle: float) -> Array:
    """A turn [3, 3] about one of the axes x, y, z."""
    return np.array(Matrix.Rotation(angle, 3, axis.upper()))


def _frame(along: Array, beside: Array) -> Array:
    """Axes [3, 3] as columns: the first along, the second as near to `beside` as it can be."""
    first = along / np.linalg.norm(along)
    second = beside - first * (beside @ first)
    second = second / max(float(np.linalg.norm(second)), 1e-9)
    return np.stack([first, second, np.cross(first, second)], axis=1)


def _from_to(start: Array, end: Array, rest_side: Array, side: Array) -> Array:
    return _frame(end, side) @ _frame(start, rest_side).T


def _part(turn: Array, share: float) -> Array:
    whole = Matrix(turn.tolist()).to_quaternion()
    return np.array(Quaternion().slerp(whole, share).to_matrix())


@dataclass(frozen=True)
class Rest:
    """A bone as it is in rest: head and tail in the armature's space, and its own axes."""

    head: Array
    tail: Array
    axes: Array
    parent: str

    @property
    def along(self) -> Array:
        """From its head to its tail."""
        return self.tail - self.head


class Poser:
    """Knows one armature's rest, and works out its bones' turns for stances."""

    def __init__(self, armature: bpy.types.Object) -> None:
        """Raises InputError where the rig is none of those that are known."""
        self.armature = armature
        self.bones = {
            bone.name: Rest(
                np.array(bone.head_local),
                np.array(bone.tail_local),
                np.array(bone.matrix_local.to_3x3()),
                bone.parent.name if bone.parent else "",
            )
            for bone in armature.data.bones
        }
        self.roles: Roles = roles(tuple(self.bones))
        self.leg = self._long(self.roles.of("thigh", "left")) + self._long(
            self.roles.of("shin", "left")
        )

    def _long(self, bone: str) -> float:
        return float(np.linalg.norm(self.bones[bone].along))

    def turns(self, stance: Stance) -> tuple[Array, dict[str, Array]]:
        """The hips' place [3] and each bone's turn [3, 3] from rest, in the armature's space."""
        pelvis = about("z", stance.turn) @ about("x", stance.tilt)
        chest = (
            about("z", stance.turn + stance.twist)
            @ about("y", stance.side)
            @ about("x", stance.tilt + stance.bend)
        )
        own: dict[str, Array] = {self.roles.hips: pelvis}
        spine = self.roles.spine
        for number, bone in enumerate(spine, start=1):
            own[bone] = pelvis @ _part(pelvis.T @ chest, number / len(spine))
        head = chest @ about("x", stance.nod) @ about("z", stance.look)
        for bone in self.roles.neck:
            own[bone] = chest @ _part(chest.T @ head, 0.5)
        own[self.roles.head] = head
        place, legs = self._legs(stance, pelvis)
        own |= legs
        for index, (side, sign) in enumerate(_SIDES):
            own |= self._arm(stance, index, side, sign, chest)
        return place, own

    def _arm(
        self, stance: Stance, index: int, side: str, sign: float, chest: Array
    ) -> dict[str, Array]:
        names = [self.roles.of(part, side) for part in ("clavicle", "upper_arm", "forearm", "hand")]
        upper, fore = self.bones[names[1]], self.bones[names[2]]
        out, up, front = stance.upper_arms[index]
        upper_to = chest @ np.array([sign * out, -front, up])
        out, up, front = stance.forearms[index]
        fore_to = chest @ np.array([sign * out, -front, up])
        upper_to, fore_to = (v / np.linalg.norm(v) for v in (upper_to, fore_to))
        raised = max(0.0, float(chest[:, 2] @ upper_to) + 0.35)
        lift = chest @ about("y", -sign * 0.38 * raised)
        # The elbow's plane; where the arm is nearly straight, as in rest, carried along.
        rest_normal = np.cross(upper.along, fore.along)
        rest_normal /= np.linalg.norm(rest_normal)
        carried = np.array(
            Matrix.Identity(3)
            if np.allclose(upper.along, upper_to)
            else _shortest(chest @ upper.along, upper_to)
        ) @ (chest @ rest_normal)
        normal = np.cross(upper_to, fore_to) + 0.35 * carried
        upper_turn = _from_to(upper.along, upper_to, rest_normal, normal)
        fore_turn = _from_to(fore.along, fore_to, rest_normal, normal)
        twist = np.array(Matrix.Rotation(-sign * stance.wrists[index], 3, fore_to.tolist()))
        found = {
            names[0]: lift,
            names[1]: upper_turn,
            names[2]: _half(twist) @ fore_turn,
            names[3]: twist @ fore_turn,
        }
        return found | self._fingers(side, stance.curl[index], found[names[3]])

    def _fingers(self, side: str, curl: float, hand: Array) -> dict[str, Array]:
        chains = {name: self.roles.finger(name, side) for name in _FINGERS}
        if any(len(chain) < 2 for chain in chains.values()):
            return {}
        wrist = self.bones[self.roles.of("hand", side)].head
        first, last = (self.bones[chains[name][0]].head for name in ("index", "little"))
        palm = np.cross(first - wrist, last - wrist) * (1.0 if side == "left" else -1.0)
        found: dict[str, Array] = {}
        for name, chain in chains.items():
            along = self.bones[chain[0]].along
            axis = np.cross(along, palm)
            axis /= np.linalg.norm(axis)
            angle = 0.0
            for bone in chain:
                angle += curl * _CURL * (0.45 if name == "thumb" else 1.0)
                found[bone] = hand @ np.array(Matrix.Rotation(-angle, 3, axis.tolist()))
        return found

    def _legs(self, stance: Stance, pelvis: Array) -> tuple[Array, dict[str, Array]]:
        hips = self.bones[self.roles.hips]
        left, front, up = stance.hips
        place = hips.head + self.leg * np.array([left, -front, up])
        ankles, found = [], {}
        for (side, _), foot in zip(_SIDES, stance.feet, strict=True):
            ankle, turns = self._foot(side, foot)
            ankles.append(ankle)
            found |= turns
        drop = 0.0
        for (side, _), ankle in zip(_SIDES, ankles, strict=True):
            joint = place + pelvis @ (self.bones[self.roles.of("thigh", side)].head - hips.head)
            longest = _REACH * (
                self._long(self.roles.of("thigh", side)) + self._long(self.roles.of("shin", side))
            )
            flat = float(np.linalg.norm((joint - ankle)[:2]))
            height = math.sqrt(max(longest**2 - flat**2, 0.0))
            drop = max(drop, float(joint[2] - ankle[2]) - height)
        place[2] -= drop
        for (side, sign), ankle, foot in zip(_SIDES, ankles, stance.feet, strict=True):
            thigh, shin = (self.bones[self.roles.of(part, side)] for part in ("thigh", "shin"))
            joint = place + pelvis @ (thigh.head - hips.head)
            heading = about("z", (stance.turn + foot.turn) / 2)
            pole = heading @ np.array([sign * stance.knees, -1.0, 0.15])
            knee = _knee(joint, ankle, self._long(self.roles.of("thigh", side)),
                         self._long(self.roles.of("shin", side)), pole)  # fmt: skip
            rest_pole = np.array([sign * 0.1, -1.0, 0.0])
            found[self.roles.of("thigh", side)] = _from_to(
                thigh.along, knee - joint, rest_pole, pole
            )
            found[self.roles.of("shin", side)] = _from_to(shin.along, ankle - knee, rest_pole, pole)
        return place, found

    def _foot(self, side: str, foot: Foot) -> tuple[Array, dict[str, Array]]:
        """Where the ankle is, and the turns of foot and toes: the foot tips over its ball."""
        rest, toe = (self.bones[self.roles.of(part, side)] for part in ("foot", "toe"))
        flat = about("z", foot.turn)
        tipped = flat @ about("x", foot.pitch)
        ground = self.leg * np.array([foot.left, -foot.front, foot.up])
        middle = self.bones[self.roles.hips].head * [1.0, 0.0, 0.0]
        # In rest, feet stand apart as far as the legs spread; here their place is asked for.
        ball = middle + ground + flat @ np.array([0.0, toe.head[1] - 0.0, toe.head[2]])
        ankle = ball + tipped @ (rest.head - toe.head)
        return ankle, {self.roles.of("foot", side): tipped, self.roles.of("toe", side): flat}

    def key(
        self,
        move: Move,
        name: str,
        times: list[tuple[float, float]],
        begin: tuple[float, float] = (0.0, 0.0),
    ) -> bpy.types.Action:
        """Key a move as an action of this name; `times` are pairs of frame and seconds.

        `begin` is by how much of a leg's length it is moved to the left and to the front.
        """
        armature = self.armature
        action = bpy.data.actions.new(name)
        action.use_fake_user = True
        armature.animation_data_create().action = action
        order = sorted(self.bones, key=self._depth)
        before: dict[str, Quaternion] = {}
        for frame, seconds in times:
            place, own = self.turns(move(seconds))
            place = place + self.leg * np.array([begin[0], -begin[1], 0.0])
            whole: dict[str, Array] = {"": np.eye(3)}
            for bone in order:
                rest = self.bones[bone]
                whole[bone] = own.get(bone, whole[rest.parent])
                basis = rest.axes.T @ whole[rest.parent].T @ whole[bone] @ rest.axes
                turn = Matrix(basis.tolist()).to_quaternion()
                if bone in before:
                    turn.make_compatible(before[bone])
                before[bone] = turn
                if bone not in own:
                    continue
                pose = armature.pose.bones[bone]
                pose.rotation_quaternion = turn
                pose.keyframe_insert("rotation_quaternion", frame=frame)
                if bone == self.roles.hips:
                    pose.location = (rest.axes.T @ (place - rest.head)).tolist()
                    pose.keyframe_insert("location", frame=frame)
        return action

    def _depth(self, bone: str) -> int:
        return 1 + self._depth(self.bones[bone].parent) if bone else 0


def _half(turn: Array) -> Array:
    return _part(turn, 0.5)


def _shortest(start: Array, end: Array) -> Array:
    from mathutils import Vector

    return np.array(Vector(start).rotation_difference(Vector(end)).to_matrix())


def _knee(hip: Array, ankle: Array, thigh: float, shin: float, pole: Array) -> Array:
    """The knee between hip and ankle, bent towards the pole."""
    line = ankle - hip
    far = min(max(float(np.linalg.norm(line)), abs(thigh - shin) + 1e-4), thigh + shin - 1e-4)
    along = line / np.linalg.norm(line)
    near = (far**2 + thigh**2 - shin**2) / (2 * far)
    out = pole - along * (pole @ along)
    out /= np.linalg.norm(out)
    return hip + along * near + out * math.sqrt(max(thigh**2 - near**2, 0.0))


def mix(one: Stance, other: Stance, share: float) -> Stance:
    """A stance between two."""
    return Stance(
        **{f.name: _mix(getattr(one, f.name), getattr(other, f.name), share) for f in fields(one)}
    )


def _mix(one: object, other: object, share: float) -> object:
    if isinstance(one, Foot) and isinstance(other, Foot):
        return Foot(
            *(_mix(getattr(one, f.name), getattr(other, f.name), share) for f in fields(one))  # type: ignore[arg-type]
        )
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(_mix(a, b, share) for a, b in zip(one, other, strict=True))
    assert isinstance(one, float | int) and isinstance(other, float | int)
    return one + (other - one) * share
