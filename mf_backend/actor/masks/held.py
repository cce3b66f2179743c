"""What moves with a hand belongs to it: held things, found against the set.

A thing that is held stays where it is in the hand's own coordinates (the palm is the origin, the
hand points along x) while the set moves through them. So what differs from the set is looked up
there over the whole clip, and parts of a frame that lie where things mostly lie are held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.frames import Picture
from mf_backend.skeleton.joints import JOINT_INDEX, LEFT_HAND, RIGHT_HAND

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

_REACH = 1.8
"""Torso lengths from the wrist up to which a thing is looked for."""
_CELLS = 121
"""Side of the map about a hand, in cells."""
_TOLERANCE = 0.05
"""Torso lengths by which a held thing may turn in the hand."""
_OFTEN, _SOMETIMES = 0.5, 0.3
"""Share of frames in which a part's places are taken, over the part and at its every pixel."""
_LEAST_FRAMES = 4
_TOUCH = 0.3
"""Torso lengths about the middle of the hand within which a held thing begins."""
_CLOSE = 0.5
"""Torso lengths about the palm within which whatever touches the hand is with it."""
_THIN = 3
"""Pixels."""
_LEAST_AREA = 0.004
"""Squared torso lengths."""
_ALIKE = 40.0
"""Levels (largest of the channels, 0..255) within which a pixel has a held thing's colour."""
_PALM_AT = 0.15
"""Torso lengths from the wrist to the middle of the palm."""
_LEAST_HELD = 0.07
"""Squared torso lengths that have to be taken in most frames for a hand to hold something. Hair and
sleeves of the reference cases come to 0.051 at most, drawn sticks and bags to 0.09 and more."""
_KNUCKLES = (5, 9, 13, 17)


class Hand(IntEnum):
    """Whose a pixel is in a map of held things; the value is the map's grey."""

    NONE = 0
    RIGHT = 128
    LEFT = 255


@dataclass(frozen=True)
class HandPath:
    """One hand over the clip, in pixels."""

    hand: Hand
    origin: NDArray[np.float64]
    """Palms [frames, 2], NaN where unknown."""
    along: NDArray[np.float64]
    """What turns with the hand points there, unit vectors [frames, 2]; the same in all frames for
    what hangs from it."""
    unit: float
    """Torso length."""

    def known(self, index: int) -> bool:
        """Whether the hand's place is known in a frame."""
        return bool(np.isfinite(self.origin[index]).all() and np.isfinite(self.along[index]).all())

    def range(self) -> float:
        """How far it gets about over the clip, pixels; infinite where it is not known."""
        known = self.origin[np.isfinite(self.origin).all(axis=1)]
        if not len(known):
            return float("inf")
        low, high = np.percentile(known, [5, 95], axis=0)
        return float(np.hypot(*(high - low)))

    def to_map(self, index: int) -> NDArray[np.float64]:
        """Matrix [2, 3] from pixels of a frame to cells of the map about the hand."""
        scale = (_CELLS - 1) / (2 * _REACH * self.unit)
        x, y = self.along[index] * scale
        turn = np.array([[x, y], [-y, x]])
        shift = np.full(2, (_CELLS - 1) / 2) - turn @ self.origin[index]
        return np.column_stack([turn, shift])


def hand_paths(joints: NDArray[Any], points: NDArray[Any], unit: float) -> tuple[HandPath, ...]:
    """Both hands' paths, twice: for what turns with the hand, and for what hangs from it.

    `joints` [frames, 60, 2] (NaN absent); `points` [frames, 24, 2] the whole skeleton, which has a
    wrist where none was seen; `unit` the actor's torso length in the same pixels.
    """
    paths = []
    for hand, side, fingers in (
        (Hand.RIGHT, "right", RIGHT_HAND),
        (Hand.LEFT, "left", LEFT_HAND),
    ):
        wrist = points[:, JOINT_INDEX[f"{side}_wrist"]]
        forearm = wrist - points[:, JOINT_INDEX[f"{side}_elbow"]]
        palm = np.asarray(joints, np.float64)[:, fingers][:, _KNUCKLES].mean(axis=1) - wrist
        direction = np.where(np.isfinite(palm).all(axis=1, keepdims=True), palm, forearm)
        length = np.linalg.norm(direction, axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            along = np.where(length > 0.02 * unit, direction / length, np.nan)
        middle = wrist + np.where(np.isfinite(along), _PALM_AT * unit * along, 0)
        paths.append(HandPath(hand, middle, along, unit))
        paths.append(HandPath(hand, middle, np.tile([0.0, 1.0], (len(wrist), 1)), unit))
    return tuple(paths)


class HeldFinder:
    """Counts what lies about a hand over the clip (`add`), then says what it holds (`held`)."""

    def __init__(self, path: HandPath) -> None:
        self._path = path
        self._taken = np.zeros((_CELLS, _CELLS), np.float32)
        self._judged = np.zeros((_CELLS, _CELLS), np.float32)
        self._colour = np.zeros((_CELLS, _CELLS, 3), np.float32)
        self._coloured = np.zeros((_CELLS, _CELLS), np.float32)
        self._frames = 0

    @property
    def path(self) -> HandPath:
        """The hand."""
        return self._path

    def add(self, index: int, frame: Picture, foreign: Bools, body: Bools, known: Bools) -> None:
        """Count a frame [h, w, 3]: what is not the set [h, w], the actor's own body, what is known.

        What the body covers says nothing.
        """
        import cv2

        if not self._path.known(index):
            return
        reach = max(1, round(_TOLERANCE * self._path.unit))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        there = (foreign & ~body).astype(np.float32)
        about = cv2.dilate(there, kernel)
        judged = (known & ~body).astype(np.float32)
        size = (_CELLS, _CELLS)
        matrix = self._path.to_map(index)
        weight = cv2.warpAffine(judged, matrix, size, flags=cv2.INTER_LINEAR)
        self._taken += cv2.warpAffine(about * judged, matrix, size, flags=cv2.INTER_LINEAR)
        self._judged += weight
        self._coloured += cv2.warpAffine(there, matrix, size, flags=cv2.INTER_LINEAR)
        shown = frame.astype(np.float32) * there[..., None]
        self._colour += cv2.warpAffine(shown, matrix, size, flags=cv2.INTER_LINEAR)
        self._frames += 1

    def held(self, index: int, frame: Picture, foreign: Bools, body: Bools, known: Bools) -> Bools:
        """What the hand holds in a frame, bool [h, w]; the arguments are those of `add`.

        Over the body, and where the set is not known, colour tells.
        """
        import cv2

        nothing = np.zeros(foreign.shape, np.bool_)
        if not self._path.known(index) or not self.holds():
            return nothing
        unit = self._path.unit
        share, colour = self._expected(index, (foreign.shape[0], foreign.shape[1]))
        alike = np.abs(frame.astype(np.float32) - colour).max(axis=2) < _ALIKE
        seen = foreign & ~body & (share >= _SOMETIMES)
        guessed = (body | ~known) & alike & (share >= _OFTEN)
        joined = cv2.morphologyEx(
            (seen | guessed).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)
        )
        number, labels = cv2.connectedComponents(joined, connectivity=8)
        touch = _disc(self._path.origin[index], _TOUCH * unit, foreign.shape)
        held = nothing.copy()
        for label in range(1, number):
            part = labels == label
            if part.sum() < _LEAST_AREA * unit**2 or not (part & touch).any():
                continue
            if float(share[part].mean()) >= _OFTEN:
                held |= part
        return held

    def holds(self) -> bool:
        """Whether enough places about the hand are mostly taken, over the whole clip."""
        cell = 2 * _REACH / (_CELLS - 1)
        return bool((self._often() >= _OFTEN).sum() * cell**2 >= _LEAST_HELD)

    def _often(self) -> Floats:
        least = max(_LEAST_FRAMES, round(_SOMETIMES * self._frames))
        share = np.where(self._judged >= least, self._taken / np.maximum(self._judged, 1e-3), 0)
        return np.asarray(share, np.float32)

    def close(self, index: int, foreign: Bools, own: Bools) -> Bools:
        """What is neither set nor in the actor's mask `own`, but touches the hand and is close to
        it in a frame, bool [h, w], however it turns."""
        import cv2

        if not self._path.known(index):
            return np.zeros(foreign.shape, np.bool_)
        unit, palm = self._path.unit, self._path.origin[index]
        near = _disc(palm, _CLOSE * unit, foreign.shape)
        # Rims of the matte, and edges of a set that is a little out of place, are thin.
        thin = np.ones((_THIN + 2, _THIN + 2), np.uint8)
        solid = cv2.morphologyEx((near & foreign & ~own).astype(np.uint8), cv2.MORPH_OPEN, thin)
        _, labels = cv2.connectedComponents(((near & own) | (solid > 0)).astype(np.uint8))
        touching = np.unique(labels[_disc(palm, _TOUCH * unit, foreign.shape) & (labels > 0)])
        return np.asarray(np.isin(labels, touching) & (solid > 0), np.bool_)

    def _expected(self, index: int, shape: tuple[int, int]) -> tuple[Floats, Floats]:
        """Of each pixel's place about the hand: in what share of the frames it is taken [h, w], and
        the colour there [h, w, 3]."""
        import cv2

        colour = self._colour / np.maximum(self._coloured, 1e-3)[..., None]
        back = cv2.invertAffineTransform(self._path.to_map(index))
        size = shape[::-1]
        return (
            np.asarray(
                cv2.warpAffine(self._often(), back, size, flags=cv2.INTER_LINEAR), np.float32
            ),
            np.asarray(cv2.warpAffine(colour, back, size, flags=cv2.INTER_LINEAR), np.float32),
        )


def _disc(centre: NDArray[np.float64], radius: float, shape: tuple[int, ...]) -> Bools:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.asarray(np.hypot(x - centre[0], y - centre[1]) <= radius, np.bool_)


def map_of(parts: Iterable[tuple[Hand, Bools]], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A map uint8 [h, w] of which hand holds a pixel, as `Hand` says; the first one wins."""
    result = np.zeros(size[::-1], np.uint8)
    for hand, part in parts:
        result[part & (result == 0)] = int(hand)
    return result
