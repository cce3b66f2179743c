"""Mending mattes by what the joints and the set say: hands, and what they hold.

A matting network knows people. What a person carries it takes in part, or not at all, and a fast or
far hand it loses; both differ from the set, and the joints say where to look.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.backdrop import Backdrop, see_backdrop
from mf_backend.actor.masks.front import CORE, WHOLE, FrontFinder
from mf_backend.actor.masks.held import Hand, HeldFinder, hand_paths, map_of
from mf_backend.actor.masks.ownership import Places, draw_core, draw_hand, see_places
from mf_backend.actor.masks.shape import THRESHOLD
from mf_backend.body.limb_widths import BodyWidths, measure_widths
from mf_backend.body.outline import draw_body
from mf_backend.body.whole_skeleton import FullSkeleton, complete
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter

Matte = NDArray[np.uint8]
Bools = NDArray[np.bool_]

_MOST_MEASURED = 32
_ABOUT_HAND = 0.05
"""Torso lengths about a drawn hand in which what is not the set is the hand."""
_STILL, _SWAYING_REACH = 0.3, 1.0
"""Torso lengths: what a hand moves at most over the clip for things in it to sway only, and how far
from it they are looked for."""
_CLOTHES = 0.12
"""Torso lengths from the drawn body up to which a matte's part may be its clothes."""
_MOST_FOREIGN = 0.12
"""Share of the picture outside the matte."""


@dataclass(frozen=True)
class Mended:
    """One frame, uint8 [H, W] each."""

    matte: Matte
    held: Matte
    """Which hand holds a pixel, see `Hand`."""
    front: Matte
    """255 where a part of the set is in front of the actor, or would be."""


@dataclass(frozen=True)
class _Seen:
    """What one frame shows, packed [h, w] bits."""

    foreign: NDArray[np.uint8]
    faint: NDArray[np.uint8]
    known: NDArray[np.uint8]


class Mender:
    """Mends a clip's mattes. Made by `study`, which reads the clip; then frame by frame."""

    def __init__(
        self,
        clip: FrameSource,
        joints: NDArray[Any],
        others: NDArray[Any],
        matte: Callable[[int], Matte],
        backdrop: Backdrop,
    ) -> None:
        self._matte, self._backdrop = matte, backdrop
        self._size, self._small = clip.size, backdrop.small
        shrink = np.array(self._small) / np.array(self._size)
        self._joints = np.asarray(joints, np.float64) * shrink
        self._others = np.asarray(others, np.float64) * shrink
        self._skeleton: FullSkeleton = complete(self._joints, self._small)
        self._widths = self._measured()
        paths = hand_paths(self._joints, self._skeleton.points, self._skeleton.unit)
        self._finders = [HeldFinder(path) for path in paths]
        self._front = FrontFinder(backdrop, self._skeleton.unit)
        self._restless = backdrop.restless()
        self._seen: dict[int, _Seen] = {}

    def _measured(self) -> BodyWidths:
        present = np.flatnonzero(self._skeleton.seen[:, 1])
        picks = np.linspace(0, len(present) - 1, min(len(present), _MOST_MEASURED))
        frames = [int(i) for i in np.unique(present[picks.round().astype(int)])]
        return measure_widths(
            self._skeleton, lambda i: self._backdrop.shrunk(self._matte(i)), frames
        )

    def _places(self, index: int) -> Places:
        return see_places(
            self._skeleton.points[index],
            self._joints[index],
            self._others[index],
            self._widths,
            self._small,
        )

    def look(self, index: int, frame: Picture) -> None:
        """Take note of a frame; all of them come before the first `mended`."""
        matte = self._matte(index)
        view = self._backdrop.view(index, frame, matte)
        places = self._places(index)
        foreign = view.foreign & ~places.someone_else()
        if (foreign & (self._backdrop.shrunk(matte) < 16)).mean() > _MOST_FOREIGN:
            # The set itself moves or was not registered: it says nothing here.
            foreign = np.zeros_like(foreign)
        foreign |= self._restless & ~places.someone_else() & self._about_hands(places)
        bits = (np.packbits(part) for part in (foreign, view.faint, view.known))
        self._seen[index] = _Seen(*bits)
        small = self._backdrop.shrunk(matte) >= THRESHOLD
        picture = self._backdrop.shrunk(frame)
        if self._skeleton.present[index]:
            points, seen = self._skeleton.points[index], self._skeleton.seen[index]
            core = draw_core(points, seen, self._widths, CORE, self._small)
            body = draw_body(points, self._widths.scaled(WHOLE), self._small) > 0
            self._front.add(index, core, body, self._backdrop.shrunk(matte), view.same)
        for finder in self._finders:
            hand = finder.path.hand
            beyond = self._beyond(places, hand, small)
            own = small & ~beyond
            # The rims of the hand and of the sleeve are not held.
            own |= places.surface() <= _ABOUT_HAND * self._skeleton.unit
            finder.add(index, picture, foreign | beyond, own, view.known | small)

    def mended(self, index: int, frame: Picture) -> Mended:
        """What there is to know of a frame [H, W, 3]."""
        import cv2

        matte = self._matte(index)
        foreign = self._unpack(self._seen[index].foreign)
        small = self._backdrop.shrunk(matte) >= THRESHOLD
        faint = self._unpack(self._seen[index].faint)
        known = self._unpack(self._seen[index].known)
        picture = self._backdrop.shrunk(frame)
        places = self._places(index)
        missing = self._missing_hands(index, foreign & ~small)
        parts = []
        for finder in self._finders:
            hand = finder.path.hand
            beyond = self._beyond(places, hand, small)
            own = small & ~beyond
            held = finder.held(index, picture, foreign | beyond, own, known | small)
            missing |= (held & ~small) | finder.close(index, foreign, small)
            parts.append((hand, _with_edge(held, faint)))
        missing = _with_edge(missing, faint & ~small)
        held_map = map_of(parts, self._small)
        if missing.any():
            soft = cv2.GaussianBlur(missing.astype(np.float32), (0, 0), 0.7)
            full = cv2.resize(soft, self._size, interpolation=cv2.INTER_LINEAR)
            ramp = np.clip(2 * full, 0, 1)
            matte = np.maximum(matte, np.rint(255 * ramp).astype(np.uint8))
        held_full = cv2.resize(held_map, self._size, interpolation=cv2.INTER_NEAREST)
        front = self._front.front(index, picture) & ~missing
        front_full = cv2.resize(
            front.astype(np.uint8) * np.uint8(255), self._size, interpolation=cv2.INTER_LINEAR
        )
        front_full = np.where((front_full >= 128) & (matte < 128), 255, 0)
        return Mended(matte, np.asarray(held_full, np.uint8), np.asarray(front_full, np.uint8))

    def _about_hands(self, places: Places) -> Bools:
        """Where what sways may be held: about hands that are nearly still themselves."""
        about = np.zeros(self._small[::-1], np.bool_)
        for finder in self._finders:
            if finder.path.range() < _STILL * self._skeleton.unit:
                about |= places.hands[finder.path.hand] < _SWAYING_REACH * self._skeleton.unit
        return about

    def _beyond(self, places: Places, hand: Hand, small: Bools) -> Bools:
        """The matte's part that is nearest to a hand, but not the hand or the rest of the body."""
        unit = self._skeleton.unit
        apart = (places.hands[hand] > _ABOUT_HAND * unit) & (places.body > _CLOTHES * unit)
        return np.asarray(small & places.of_hand(hand) & apart, np.bool_)

    def _missing_hands(self, index: int, lost: Bools) -> Bools:
        """What of the hands the matte lost: not the set, and where the joints say that they are."""
        import cv2

        found = np.zeros(lost.shape, np.bool_)
        reach = max(1, round(_ABOUT_HAND * self._skeleton.unit))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        for hand in (Hand.RIGHT, Hand.LEFT):
            drawn = draw_hand(self._joints[index], hand, self._skeleton.unit, self._small)
            found |= lost & (cv2.dilate(drawn, kernel) > 0)
        solid = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        return np.asarray(solid > 0, np.bool_)

    def _unpack(self, bits: NDArray[np.uint8]) -> Bools:
        width, height = self._small
        flat = np.unpackbits(bits, count=width * height)
        return np.asarray(flat.reshape(height, width), np.bool_)


def _with_edge(part: Bools, faint: Bools) -> Bools:
    """`part` [h, w] with the pixels beside it that differ from the set but a little."""
    import cv2

    beside = cv2.dilate(part.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.asarray(part | (beside & faint), np.bool_)


def study(
    clip: FrameSource,
    joints: NDArray[Any],
    others: NDArray[Any],
    matte: Callable[[int], Matte],
    reporter: Reporter,
) -> Mender | None:
    """Read the clip twice and make its mender; None where no frame shows the actor's neck.

    `joints` [frames, 60, 2] are the actor's, `others` [frames, people, 18, 2] the rest's, in the
    clip's pixels; `matte(i)` uint8 [H, W]. Reports twice `clip.count` steps.
    """
    if not np.isfinite(np.asarray(joints)[:, 1]).all(axis=-1).any():
        return None
    steps = clip.count
    backdrop = see_backdrop(clip, matte, reporter)
    mender = Mender(clip, joints, others, matte, backdrop)
    for index, frame in enumerate(clip.frames()):
        mender.look(index, frame)
        reporter.advance(steps + index + 1, "hands")
    return mender
