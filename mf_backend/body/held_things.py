"""Small things in the actor's hands, carried to where the hands will be.

A thing is taken from a frame that shows it well and moved as one piece with the hand that holds
it: turned as the hand turns, or only shifted where it hangs from the hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import JOINT_INDEX, LEFT_HAND, RIGHT_HAND

Mask = NDArray[np.uint8]
Floats = NDArray[np.float64]

_FINGERS = slice(5, 21)
"""A hand's joints but wrist and thumb."""
_MOST_BENT = np.deg2rad(100)
"""Between forearm and hand: one that is bent further was found wrong."""
_LEAST_AREA = 30
"""Pixels that a thing has in a frame that shows it."""
_WELL = 0.6
"""Share of the area that it has in the frames that show most of it, from which on one shows it."""
_MOST_FRAMES = 24
"""Frames from which a thing may be taken."""
_UNLIKE = 0.3
"""Cost of a frame that shows nothing of the thing, where one half turn away costs 1."""
_CHANGE = 0.6
"""Cost of taking it from another frame than in the frame before: a change is seen."""
_LONG = 1.6
"""Length over width from which on a thing has a direction."""
_HANGS = 0.5
"""Spread of a thing's own direction over that of its direction in the hand below which it hangs."""
_STILL = 0.15
"""Radians of spread below which a hand does not turn enough to tell the one from the other."""


class Holder(IntEnum):
    """The hand that holds a thing; the value is its grey in pictures of held things."""

    RIGHT = 128
    LEFT = 255


@dataclass(frozen=True)
class Carried:
    """Where a thing goes in one frame of the target."""

    holder: Holder
    frame: int
    """The frame of the clip that it is taken from."""
    matrix: Floats
    """[2, 3] from pixels of that frame to pixels of the target."""


class HeldThings:
    """What the hands hold over a clip, and where it goes.

    `source` and `target` [frames, 60, 2] are the actor's joints and those that are wanted, in the
    clip's pixels, NaN absent. `held(i)` [H, W] says which hand holds a pixel (see Holder; 0 none).
    `ratio` is the actor's size over the target's.
    """

    def __init__(
        self,
        source: NDArray[Any],
        target: NDArray[Any],
        held: Callable[[int], Mask],
        ratio: float = 1.0,
    ) -> None:
        self._ratio = ratio
        self._hands = {
            holder: (_Hand.of(source, holder), _Hand.of(target, holder)) for holder in Holder
        }
        shown: dict[Holder, dict[int, _Seen]] = {holder: {} for holder in Holder}
        for frame in range(len(source)):
            grey = held(frame)
            if not grey.any():
                continue
            for holder in Holder:
                seen = _Seen.of(grey == holder)
                if seen is not None and self._hands[holder][0].known(frame):
                    shown[holder][frame] = seen
        self._chosen: dict[Holder, NDArray[np.int64]] = {}
        self._hanging: set[Holder] = set()
        for holder, seen_in in shown.items():
            if seen_in:
                if _hangs(self._hands[holder][0], seen_in):
                    self._hanging.add(holder)
                self._chosen[holder] = self._choose(holder, seen_in)

    def any(self) -> bool:
        """Whether a hand holds anything at all."""
        return bool(self._chosen)

    def at(self, index: int) -> tuple[Carried, ...]:
        """What is carried in a frame of the target, at most one thing a hand."""
        found = []
        for holder, chosen in self._chosen.items():
            source, target = self._hands[holder]
            if target.known(index):
                frame = int(chosen[index])
                turn = 0.0 if holder in self._hanging else _turn(source, frame, target, index)
                before = source.place(frame, target, index)
                after = target.place(index, source, frame)
                matrix = _rigid(before, after, turn, 1 / self._ratio)
                found.append(Carried(holder, frame, matrix))
        return tuple(found)

    def _choose(self, holder: Holder, shown: dict[int, _Seen]) -> NDArray[np.int64]:
        """The frame [frames] that the thing is taken from: a good one, like the target's, and as
        rarely another one as that allows."""
        source, target = self._hands[holder]
        areas = {frame: seen.area for frame, seen in shown.items()}
        most = float(np.percentile(list(areas.values()), 90))
        good = [frame for frame, area in areas.items() if area >= _WELL * most]
        spread = np.linspace(0, len(good) - 1, min(len(good), _MOST_FRAMES)).round().astype(int)
        candidates = [good[k] for k in np.unique(spread)]
        plain = [_UNLIKE * max(0.0, 1 - areas[frame] / most) for frame in candidates]
        count = len(target.wrist)
        best, came = np.array(plain), np.zeros((count, len(candidates)), np.int64)
        for index in range(count):
            turns = np.zeros(len(candidates))
            if target.known(index) and holder not in self._hanging:
                turns = np.array(
                    [abs(_turn(source, frame, target, index)) / np.pi for frame in candidates]
                )
            changed = int(np.argmin(best))
            stays = best <= best[changed] + _CHANGE
            came[index] = np.where(stays, np.arange(len(candidates)), changed)
            best = np.where(stays, best, best[changed] + _CHANGE) + turns + plain
        place = int(np.argmin(best))
        chosen = np.zeros(count, np.int64)
        for index in reversed(range(count)):
            chosen[index] = candidates[place]
            place = int(came[index, place])
        return chosen


@dataclass(frozen=True)
class _Seen:
    """What a frame shows of a thing."""

    area: float
    """Pixels."""
    angle: float
    """Radians of its long axis, without which end is which; NaN where it has none."""

    @staticmethod
    def of(inside: NDArray[np.bool_]) -> _Seen | None:
        """None where too little is seen."""
        y, x = np.nonzero(inside)
        if len(x) < _LEAST_AREA:
            return None
        spread, axes = np.linalg.eigh(np.cov(np.stack([x, y]).astype(np.float64)))
        long = spread[1] > _LONG**2 * max(float(spread[0]), 1e-6)
        angle = float(np.arctan2(axes[1, 1], axes[0, 1])) if long else np.nan
        return _Seen(float(len(x)), angle)


@dataclass(frozen=True)
class _Hand:
    """One hand over all frames, in pixels."""

    wrist: Floats
    """[frames, 2]"""
    palm: Floats
    """[frames, 2] where most of the fingers' joints are, NaN where the hand was not seen or cannot
    belong to the forearm."""
    forearm: Floats
    """[frames, 2] from the elbow to the wrist."""

    @staticmethod
    def of(joints: NDArray[Any], holder: Holder) -> _Hand:
        """One of both."""
        points = np.asarray(joints, np.float64)
        side, fingers = ("right", RIGHT_HAND) if holder is Holder.RIGHT else ("left", LEFT_HAND)
        wrist = points[:, JOINT_INDEX[f"{side}_wrist"]]
        # Single joints may be far off, in a hand that grips most of all.
        palm = np.median(points[:, fingers][:, _FINGERS], axis=1)
        forearm = wrist - points[:, JOINT_INDEX[f"{side}_elbow"]]
        bent = np.array([_between(*pair) for pair in zip(palm - wrist, forearm, strict=True)])
        return _Hand(wrist, np.where(bent[:, None] > _MOST_BENT, np.nan, palm), forearm)

    def known(self, frame: int) -> bool:
        """Whether wrist and forearm are there."""
        return bool(np.isfinite([self.wrist[frame], self.forearm[frame]]).all())

    def seen(self, frame: int) -> bool:
        """Whether the hand itself is there, too."""
        return bool(np.isfinite(self.palm[frame]).all())

    def place(self, frame: int, other: _Hand, at: int) -> Floats:
        """The point that things are held by: the palm, where both show it."""
        place: Floats = self.wrist[frame]
        if self.seen(frame) and other.seen(at):
            place = (place + self.palm[frame]) / 2
        return place

    def angle(self, frame: int, palm: bool) -> float:
        """Radians in which the hand, or else the forearm, points."""
        x, y = self.palm[frame] - self.wrist[frame] if palm else self.forearm[frame]
        return float(np.arctan2(y, x))


def _turn(source: _Hand, frame: int, target: _Hand, index: int) -> float:
    """Radians by which the hand turns from one to the other, -pi to pi."""
    palm = source.seen(frame) and target.seen(index)
    return _wrapped(target.angle(index, palm) - source.angle(frame, palm))


def _between(a: Floats, b: Floats) -> float:
    """Radians between two directions, 0 to pi."""
    (ax, ay), (bx, by) = a, b
    return abs(_wrapped(float(np.arctan2(ay, ax) - np.arctan2(by, bx))))


def _wrapped(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)


def _hangs(hand: _Hand, shown: dict[int, _Seen]) -> bool:
    """Whether a long thing keeps its direction in the picture while the hand that has it turns."""
    frames = [frame for frame, seen in shown.items() if np.isfinite(seen.angle)]
    if len(frames) < 4:
        return False
    palm = all(hand.seen(frame) for frame in frames)
    turned = [hand.angle(frame, palm) for frame in frames]
    own = [shown[frame].angle for frame in frames]
    if _spread(turned) < _STILL:
        return False
    inside = [a - b for a, b in zip(own, turned, strict=True)]
    return _spread(own) < _HANGS * _spread(inside)


def _spread(angles: Sequence[float]) -> float:
    """Radians by which directions without ends differ."""
    mean = np.abs(np.exp(2j * np.array(angles)).mean())
    return float(np.sqrt(-2 * np.log(np.clip(mean, 1e-9, 1.0))) / 2)


def _rigid(before: Floats, after: Floats, turn: float, scale: float) -> Floats:
    """[2, 3] that takes `before` to `after`, turning by `turn` radians."""
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    linear = np.array([[c, -s], [s, c]])
    matrix: Floats = np.column_stack([linear, after - linear @ before])
    return matrix
