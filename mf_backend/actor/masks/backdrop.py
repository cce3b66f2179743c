"""What the set looks like without anybody: a median over the clip, in each frame's own view.

The background plate is made of what lies outside the actor's matte, so what the matte misses is
part of it. Here the matte only votes less: a thing that is elsewhere in most frames is outvoted,
and the difference from the set shows it. Small pictures, for finding things and not for showing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.motion import CameraMotion, MotionTracker
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter

Matte = NDArray[np.uint8]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

WORKING_SIDE = 448
"""Longest side in pixels at which the set is looked at."""
_MOST_FRAMES = 40
_VOTES = 13
"""Frames that vote on a pixel."""
_FAINTEST, _STRONGEST = 18.0, 48.0
"""Levels (0..255) within which the least difference that counts lies; noise moves it."""
_NOISE = 5.0
_FAINT = 0.3
_ACTOR = 146
"""Matte from which on a pixel is the actor beyond doubt."""
_LEAST_SWAYS, _SWAYS = 4, 3.0
"""Frames, and noise's usual spread over them, from which on swaying is told from noise."""
_MOST_SHIFT = 6.0
"""Pixels by which a moving camera's nearer and farther things may be out of place."""
_DARKEST, _LIGHTEST, _TINT = 0.45, 0.985, 0.1
"""Light that a shadow leaves, and how much that may differ between the channels."""


@dataclass(frozen=True)
class View:
    """The set in one frame's view at the working size, and what the frame shows against it."""

    picture: Picture
    """The set, RGB [h, w, 3]."""
    known: Bools
    """Where enough frames voted [h, w]."""
    foreign: Bools
    """Where the frame is not the set and not the set in shadow [h, w]."""
    faint: Bools
    """The same where less is enough: an edge is mixed with the set [h, w]."""
    same: Bools
    """Where the frame is the set beyond doubt [h, w]."""


class Backdrop:
    """The set of a clip. Made by `see_backdrop`."""

    def __init__(
        self,
        frames: dict[int, Picture],
        taken: dict[int, Bools],
        actor: Bools,
        motion: CameraMotion,
        size: tuple[int, int],
    ) -> None:
        self._frames, self._taken, self._motion = frames, taken, motion
        self._actor = actor
        self._order = sorted(frames)
        self.small = _working_size(size)
        shrink = np.diag([self.small[0] / size[0], self.small[1] / size[1], 1.0])
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
        self._to_small = np.linalg.inv(half) @ shrink @ half
        self._steady = self._median(self._order[0]) if motion.steady else None

    def between(self, a: int, b: int) -> NDArray[np.float64]:
        """Homography that takes pixels of frame a at the working size to frame b's."""
        matrix = self._to_small @ self._motion.between(a, b) @ np.linalg.inv(self._to_small)
        return np.asarray(matrix / matrix[2, 2], np.float64)

    @property
    def steady(self) -> bool:
        """Whether the camera stood still."""
        return self._motion.steady

    def shrunk(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A frame or matte of the clip at the working size."""
        import cv2

        return np.asarray(cv2.resize(picture, self.small, interpolation=cv2.INTER_AREA), np.uint8)

    def view(self, index: int, frame: Picture, matte: Matte) -> View:
        """The set in frame `index`; `frame` [H, W, 3] and the actor's `matte` [H, W] there."""
        import cv2

        picture, known = self._steady or self._median(index)
        small = cv2.GaussianBlur(self.shrunk(frame), (0, 0), 0.7).astype(np.float32)
        near = np.ones((7, 7), np.uint8)
        free = known & (cv2.dilate(self.shrunk(matte), near) < 16)
        lit = _matched(picture.astype(np.float32), small, free)
        if not self._motion.steady:
            lit = _settled(lit, small, free)
        # A pixel's place is known to about one pixel.
        around = np.ones((3, 3), np.uint8)
        above, below = small - cv2.dilate(lit, around), cv2.erode(lit, around) - small
        off = np.maximum(above, below).max(axis=2)
        usual = float(np.median(np.abs(small - lit).max(axis=2)[free])) if free.any() else 0.0
        least = float(np.clip(_NOISE * usual, _FAINTEST, _STRONGEST))
        light = (small + 4) / (lit + 4)
        shade = (light.min(axis=2) > _DARKEST) & (light.max(axis=2) < _LIGHTEST)
        shade &= np.ptp(light, axis=2) < _TINT
        return View(
            np.asarray(np.clip(lit, 0, 255), np.uint8),
            known,
            np.asarray(known & (off > least) & ~shade, np.bool_),
            np.asarray(known & (off > _FAINT * least) & ~shade, np.bool_),
            np.asarray(known & (np.abs(small - lit).max(axis=2) < 0.6 * least), np.bool_),
        )

    def restless(self) -> Bools:
        """What a still camera sees move a little, with what that encloses, bool [h, w].

        A thing that sways in its place is part of the median; its edge is not. Nothing of it under
        a moving camera, where every edge sways.
        """
        import cv2

        if not self._motion.steady or len(self._order) < _LEAST_SWAYS:
            return np.zeros(self.small[::-1], np.bool_)
        shown = [cv2.GaussianBlur(self._frames[k], (0, 0), 0.7) for k in self._order]
        lowest, highest = np.min(shown, axis=0), np.max(shown, axis=0)
        spread = (highest - lowest).max(axis=2)
        ever = self._actor
        usual = float(np.median(spread[~ever])) if not ever.all() else 0.0
        light = (lowest.astype(np.float32) + 4) / (highest.astype(np.float32) + 4)
        shade = (light.min(axis=2) > _DARKEST) & (np.ptp(light, axis=2) < _TINT)
        sways = (spread > np.clip(_SWAYS * usual, _FAINTEST, _STRONGEST)) & ~shade
        around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
        closed = cv2.morphologyEx((sways | ever).astype(np.uint8), cv2.MORPH_CLOSE, around)
        outside = np.pad(1 - closed, 1, constant_values=1)
        cv2.floodFill(outside, None, (0, 0), 2)
        filled = outside[1:-1, 1:-1] != 2
        # What sweeps on is elsewhere in most frames: there the median is the set. Only what has
        # calm in its middle stays in its place.
        calm = (filled & ~ever & ~sways).astype(np.uint8)
        middle = cv2.morphologyEx(calm, cv2.MORPH_OPEN, around)
        near = cv2.dilate(middle, np.ones((9, 9), np.uint8)) > 0
        return np.asarray(near & filled & ~ever, np.bool_)

    def _median(self, index: int) -> tuple[Picture, Bools]:
        """The set as frame `index` sees it, and where it is known."""
        import cv2

        order = self._order
        if self._motion.steady and len(order) > _VOTES:
            picks = np.linspace(0, len(order) - 1, _VOTES).round().astype(int)
            order = [order[k] for k in picks]
        elif len(order) > _VOTES:
            # Near frames look from nearly the same place.
            order = sorted(order, key=lambda k: abs(k - index))[:_VOTES]
        voters, hidden = [], []
        for other in order:
            if self._motion.steady:
                voters.append(self._frames[other])
                hidden.append(self._taken[other])
                continue
            matrix = self.between(other, index)
            voters.append(
                cv2.warpPerspective(self._frames[other], matrix, self.small, flags=cv2.INTER_LINEAR)
            )
            free = cv2.warpPerspective(
                (~self._taken[other]).astype(np.uint8), matrix, self.small, flags=cv2.INTER_NEAREST
            )
            hidden.append(free == 0)
        values, covered = np.stack(voters).astype(np.uint16), np.stack(hidden)
        values[covered] = 65535
        values.sort(axis=0)
        seen = (~covered).sum(axis=0)
        middle = np.maximum(seen - 1, 0) // 2
        median = np.take_along_axis(values, middle[None, ..., None], axis=0)[0]
        known = seen >= min(3, len(order))
        return np.where(known[..., None], median, 0).astype(np.uint8), np.asarray(known, np.bool_)


def see_backdrop(clip: FrameSource, matte: Callable[[int], Matte], reporter: Reporter) -> Backdrop:
    """Read the clip once; `matte(i)` is the actor's, uint8 [H, W] at the clip's size."""
    import cv2

    count = clip.count
    small = _working_size(clip.size)
    wanted = set(np.linspace(0, count - 1, min(count, _MOST_FRAMES)).round().astype(int).tolist())
    tracker = MotionTracker(clip.size)
    frames: dict[int, Picture] = {}
    taken: dict[int, Bools] = {}
    actor = np.zeros(small[::-1], np.bool_)
    reporter.begin("backdrop", count)
    for index, frame in enumerate(clip.frames()):
        mask = matte(index)
        tracker.add(frame, mask)
        if index in wanted:
            frames[index] = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
            covered = cv2.resize(mask, small, interpolation=cv2.INTER_AREA)
            actor |= covered >= _ACTOR
            taken[index] = cv2.dilate(covered, np.ones((9, 9), np.uint8)) >= 24
        reporter.advance(index + 1)
    return Backdrop(frames, taken, actor, tracker.finish(), clip.size)


def _working_size(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, WORKING_SIDE / max(size))
    return max(8, round(size[0] * scale)), max(8, round(size[1] * scale))


def _matched(picture: Floats, frame: Floats, free: Bools) -> Floats:
    """`picture` in the light of `frame` (both [h, w, 3]), by what both show at `free` pixels."""
    if free.sum() < 100:
        return picture
    gain = np.median((frame[free] + 4) / (picture[free] + 4), axis=0)
    gain = np.clip(gain, 0.7, 1.4)
    return np.asarray((picture + 4) * gain - 4, np.float32)


def _settled(picture: Floats, frame: Floats, free: Bools) -> Floats:
    """`picture` with its parts moved a little to where `frame` (both [h, w, 3]) shows them.

    One homography does not bring near and far things of a moving camera to their places. What is
    not `free` [h, w] says nothing, and moves with its surroundings.
    """
    import cv2

    def grey(values: Floats) -> NDArray[np.uint8]:
        whole = np.clip(values, 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(whole, cv2.COLOR_RGB2GRAY), np.uint8)

    seen = grey(np.where(free[..., None], frame, picture))
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    flow = finder.calc(seen, grey(picture), None)
    flow = cv2.GaussianBlur(cv2.medianBlur(flow.astype(np.float32), 5), (0, 0), 3)
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    flow *= np.minimum(1, _MOST_SHIFT / np.maximum(length, 1e-3))
    height, width = free.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = cv2.remap(
        picture, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return np.asarray(moved, np.float32)
