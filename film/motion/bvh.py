"""Motion capture as BVH files hold it: a tree of joints, and each joint's turns frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError

Array = NDArray[np.float64]
_LARGEST = 256 << 20
"""Bytes that a file may have."""
_AXES = "XYZ"


@dataclass(frozen=True)
class Joint:
    """One joint of the tree; `parent` is its parent's number, -1 for the root."""

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[str, ...] = ()
    """In the order of their values: "Xposition" ... "Zrotation"; none for the end of a chain."""


@dataclass(frozen=True)
class Capture:
    """What a file holds, in its own lengths and axes.

    `places` [n, joints, 3] are the joints in space, `turns` [n, joints, 3, 3] their axes.
    """

    joints: tuple[Joint, ...]
    fps: float
    places: Array
    turns: Array
    rest: Array = field(repr=False)
    """Joints [joints, 3] without any turn."""


def read_bvh(path: Path) -> Capture:
    """Read a file. Raises InputError where it is none, or holds no motion."""
    try:
        if path.stat().st_size > _LARGEST:
            raise _refuse(path, f"it is larger than {_LARGEST >> 20} MiB")
        words = path.read_text("utf-8", errors="replace").split()
    except OSError as error:
        raise _refuse(path, error.strerror or "the disk refuses") from None
    try:
        joints, place = _hierarchy(words)
        count, seconds = int(words[place + 2]), float(words[place + 5])
        width = sum(len(joint.channels) for joint in joints)
        values = np.array(words[place + 6 : place + 6 + count * width], np.float64)
        values = values.reshape(count, width)
    except (IndexError, ValueError):
        raise _refuse(path, "it is not written as BVH files are") from None
    if not (count > 1 and seconds > 0 and width and np.isfinite(values).all()):
        raise _refuse(path, "it holds no motion")
    return Capture(joints, 1 / seconds, *_posed(joints, values), _rest(joints))


def _refuse(path: Path, why: str) -> InputError:
    return InputError(
        "film-bvh", f"{path} gives no motion: {why}.", "Name BVH files of motion capture."
    )


def _hierarchy(words: list[str]) -> tuple[tuple[Joint, ...], int]:
    """The joints, parents before children, and where the word MOTION is."""
    joints: list[Joint] = []
    open_joints: list[int] = []
    place, ended = words.index("HIERARCHY") + 1, words.index("MOTION")
    name = ""
    while place < ended:
        word = words[place]
        if word in ("ROOT", "JOINT", "End"):
            start = place + 1
            place = words.index("{", start)
            name = " ".join(words[start:place])
            offset = words.index("OFFSET", place)
            x, y, z = (float(value) for value in words[offset + 1 : offset + 4])
            channels: tuple[str, ...] = ()
            place = offset + 4
            if words[place] == "CHANNELS":
                many = int(words[place + 1])
                channels = tuple(words[place + 2 : place + 2 + many])
                place += 2 + many
            joints.append(Joint(name, open_joints[-1] if open_joints else -1, (x, y, z), channels))
            open_joints.append(len(joints) - 1)
        elif word == "}":
            open_joints.pop()
            place += 1
        else:
            raise ValueError(word)
    return tuple(joints), ended


def _rest(joints: tuple[Joint, ...]) -> Array:
    places = np.zeros((len(joints), 3))
    for number, joint in enumerate(joints):
        places[number] = joint.offset
        if joint.parent >= 0:
            places[number] += places[joint.parent]
    return places


def _posed(joints: tuple[Joint, ...], values: Array) -> tuple[Array, Array]:
    """Places and turns of all joints in all frames, from the channels' values [n, channels]."""
    count = len(values)
    places = np.empty((count, len(joints), 3))
    turns = np.empty((count, len(joints), 3, 3))
    column = 0
    for number, joint in enumerate(joints):
        moved = np.tile(np.array(joint.offset), (count, 1))
        turned = np.tile(np.eye(3), (count, 1, 1))
        for channel in joint.channels:
            axis, kind = _AXES.index(channel[0].upper()), channel[1:].lower()
            if kind == "position":
                moved[:, axis] = values[:, column]  # in place of the offset
            elif kind == "rotation":
                turned = turned @ _about(axis, np.radians(values[:, column]))
            else:
                raise ValueError(channel)
            column += 1
        if joint.parent < 0:
            places[:, number], turns[:, number] = moved, turned
        else:
            above = turns[:, joint.parent]
            places[:, number] = places[:, joint.parent] + np.einsum("nij,nj->ni", above, moved)
            turns[:, number] = above @ turned
    return places, turns


def _about(axis: int, angles: Array) -> Array:
    """Turns [n, 3, 3] about an axis by angles in radians."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turns = np.zeros((len(angles), 3, 3))
    turns[:, axis, axis] = 1
    turns[:, first, first] = turns[:, second, second] = np.cos(angles)
    turns[:, second, first] = np.sin(angles)
    turns[:, first, second] = -turns[:, second, first]
    return turns
