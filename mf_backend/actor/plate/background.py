"""The background plate: what was behind the actor, from the frames that saw it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.fill import Filler, fill
from mf_backend.actor.plate.gather import Key, Light
from mf_backend.actor.plate.motion import CameraMotion, MotionTracker
from mf_backend.actor.plate.pieces import Piece, make_pieces
from mf_backend.actor.plate.tone import exposed, exposure, match_tone
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter

Mask = NDArray[np.uint8]
Bools = NDArray[np.bool_]

_MOST_BYTES = 192 << 20
"""Memory for the key frames that the plate is put together from."""
_MOST_KEYS = 40
_FADE = 8
"""Frames over which one piece of a moving camera's plate turns into the next."""
_OUTSIDE, _SEEN, _UNSEEN = 0, 1, 2
"""What a piece knows of a pixel: not on it, background that was seen, made up."""


__all__ = ["BackgroundPlate", "Light", "PlateReport", "build_plate", "grown", "kept_frames"]


@dataclass(frozen=True)
class PlateReport:
    """How the plate was made, for people."""

    steady: bool
    """The camera stood still."""
    registered: float
    """Share of frames whose camera movement could be measured."""
    seen: float
    """Share of the pixels behind the actor that some frame saw; the rest is made up."""


class BackgroundPlate:
    """Gives each frame without the actor. Made by `build_plate`."""

    def __init__(
        self, pieces: dict[int, Piece], motion: CameraMotion, report: PlateReport, grow: int
    ) -> None:
        self._pieces, self._motion, self.report, self._grow = pieces, motion, report, grow
        self._order = sorted(pieces)

    def parts(self) -> tuple[dict[int, Piece], CameraMotion, PlateReport, int]:
        """What it is made of, in the order in which it is made of them."""
        return self._pieces, self._motion, self.report, self._grow

    def clean(self, index: int, frame: Picture, person: Mask) -> Picture:
        """`frame` [H, W, 3] with the actor (`person`, mask or matte [H, W]) replaced.

        A rim around the mask is replaced too, since the actor's blurred edge lies there; further
        out the frame's own pixels stay exactly.
        """
        covered = grown(person, self._grow)
        if not covered.any():
            return frame.copy()
        plate = self.lit(index, frame, covered)
        reach = max(8.0, 0.03 * max(frame.shape[:2]))
        plate = match_tone(plate, frame, covered, covered, reach)
        return np.where(covered[..., None], plate, frame)

    def lit(self, index: int, frame: Picture, hidden: Bools) -> Picture:
        """The plate [H, W, 3] as frame `index` sees it, at the exposure that the frame has outside
        `hidden` [H, W]."""
        plate, known = self._at(index, frame.shape)
        return exposed(plate, exposure(plate, frame, known & ~hidden))

    def painted(self, index: int) -> Bools:
        """Pixels [H, W] of frame `index` whose background no frame saw: the plate made them up."""
        first = self._pieces[self._order[0]]
        if self._motion.steady:
            return first.unseen
        shown = [self._shown(key, index) for key, _ in self._around(index)]
        made_up = np.any([part == _UNSEEN for part in shown], axis=0)
        nowhere = np.all([part == _OUTSIDE for part in shown], axis=0)
        return np.asarray(made_up | nowhere, np.bool_)

    def _shown(self, key: int, index: int) -> Mask:
        """What piece `key` says of each pixel [H, W] of frame `index`, as named above."""
        import cv2

        piece = self._pieces[key]
        code = np.where(piece.unseen, _UNSEEN, _SEEN).astype(np.uint8)
        moved = cv2.warpPerspective(
            code,
            np.linalg.inv(piece.canvas.from_frame(self._motion, index)),
            piece.size,
            flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=_OUTSIDE,
        )
        return np.asarray(moved, np.uint8)

    def _around(self, index: int) -> list[tuple[int, float]]:
        """The pieces that frame `index` shows, with their shares."""
        place = max(0, int(np.searchsorted(self._order, index, side="right")) - 1)
        here = self._order[place]
        if place + 1 == len(self._order):
            return [(here, 1.0)]
        after = self._order[place + 1]
        share = 1 - (after - index) / min(_FADE, after - here)
        return [(here, 1 - share), (after, share)] if share > 0 else [(here, 1.0)]

    def _at(self, index: int, shape: tuple[int, ...]) -> tuple[Picture, Bools]:
        """The plate as frame `index` saw it, and where it is known."""
        if self._motion.steady:
            piece = self._pieces[self._order[0]]
            return piece.picture, ~piece.unseen
        total = np.zeros(shape, np.float32)
        mass = np.zeros((*shape[:2], 1), np.float32)
        known = np.ones(shape[:2], np.bool_)
        # From one piece to the next it fades, so that nothing pops; what only one of them showed
        # is that one's.
        for key, share in self._around(index):
            piece = self._pieces[key]
            code = self._shown(key, index)
            weight = np.where(code == _OUTSIDE, 1e-4, share).astype(np.float32)[..., None]
            total += piece.seen_by(self._motion, index).astype(np.float32) * weight
            mass += weight
            known &= code == _SEEN
        return np.rint(total / mass).astype(np.uint8), known


def kept_frames(size: tuple[int, int], count: int) -> int:
    """How many of a clip's `count` frames of `size` (width, height) the plate keeps while it is
    made: four bytes for each of their pixels."""
    affordable = max(4, _MOST_BYTES // (4 * size[0] * size[1]))
    return min(count, _MOST_KEYS, affordable)


def build_plate(
    clip: FrameSource,
    person: Callable[[int], Mask],
    reporter: Reporter,
    light: Light = Light.USUAL,
    fill_unseen: Filler = fill,
) -> BackgroundPlate:
    """Read the clip once and put the plate together.

    `person(i)` is the actor's mask or matte, uint8 [H, W] at the clip's size. `light` says which
    of a pixel's lights is taken where a shadow passed.
    """
    width, height = clip.size
    count = clip.count
    grow = max(2, round(0.006 * max(width, height)))
    spread = np.linspace(0, count - 1, kept_frames(clip.size, count))
    wanted = {int(k) for k in spread.round().astype(int)}
    keys: dict[int, Key] = {}
    tracker = MotionTracker(clip.size)
    reporter.begin("background", count)
    for i, frame in enumerate(clip.frames()):
        mask = person(i)
        tracker.add(frame, mask)
        if i in wanted:
            keys[i] = Key(frame, grown(mask, 2 * grow))
        reporter.advance(i + 1)
    motion = tracker.finish()
    pieces, seen = make_pieces(keys, motion, count, clip.size, light, reporter.check, fill_unseen)
    report = PlateReport(motion.steady, motion.registered, seen)
    return BackgroundPlate(pieces, motion, report, grow)


def grown(mask: Mask, pixels: int) -> Bools:
    """Mask pixels of any weight, grown by a radius."""
    import cv2

    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate((mask >= 24).astype(np.uint8), kernel) > 0, np.bool_)
