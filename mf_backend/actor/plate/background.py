"""The background plate: what was behind the actor, from the frames that saw it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.fill import inpaint, match_tone
from mf_backend.actor.plate.motion import CameraMotion, MotionTracker
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter

Mask = NDArray[np.uint8]
Bools = NDArray[np.bool_]

_MOST_BYTES = 320 << 20
"""Memory for the key frames that the plate is put together from."""
_MOST_KEYS = 40
_STEADY_KEYS = 15
"""Frames that a steady camera's plate is the median of."""
_NEAREST = 12
"""Other frames that are looked through for one plate of a moving camera."""
_BETWEEN = 8
"""Frames from one plate of a moving camera to the next."""
_OUTSIDE, _SEEN, _UNSEEN = 0, 1, 2
"""What a key frame knows of a pixel: not in its picture, background that was seen, made up."""


@dataclass(frozen=True)
class PlateReport:
    """How the plate was made, for people."""

    steady: bool
    """The camera stood still."""
    registered: float
    """Share of frames whose camera movement could be measured."""
    seen: float
    """Share of the pixels behind the actor that some frame saw; the rest is inpainted."""


class BackgroundPlate:
    """Gives each frame without the actor. Made by `build_plate`."""

    def __init__(
        self,
        keys: dict[int, Picture],
        unseen: dict[int, Bools],
        motion: CameraMotion,
        report: PlateReport,
        grow: int,
    ) -> None:
        self._keys, self._unseen = keys, unseen
        self._motion, self.report, self._grow = motion, report, grow
        self._order = sorted(keys)

    def clean(self, index: int, frame: Picture, person: Mask) -> Picture:
        """`frame` [H, W, 3] with the actor (`person`, mask or matte [H, W]) replaced.

        A rim around the mask is replaced too, since the actor's blurred edge lies there; further
        out the frame's own pixels stay exactly.
        """
        covered = _grown(person, self._grow)
        if not covered.any():
            return frame.copy()
        plate = self._at(index, frame.shape)
        reach = max(8.0, 0.03 * max(frame.shape[:2]))
        plate = match_tone(plate, frame, covered, covered, reach)
        return np.where(covered[..., None], plate, frame)

    def painted(self, index: int) -> Bools:
        """Pixels [H, W] of frame `index` whose background no frame saw: the plate made them up."""
        if self._motion.steady:
            return self._unseen[self._order[0]]
        shown = [self._shown(key, index) for key in self._around(index)]
        made_up = np.any([part == _UNSEEN for part in shown], axis=0)
        nowhere = np.all([part == _OUTSIDE for part in shown], axis=0)
        return np.asarray(made_up | nowhere, np.bool_)

    def _shown(self, key: int, index: int) -> Mask:
        """What key frame `key` says of each pixel [H, W] of frame `index`, as named above."""
        import cv2

        hole = self._unseen[key]
        code = np.where(hole, _UNSEEN, _SEEN).astype(np.uint8)
        moved = cv2.warpPerspective(
            code,
            self._motion.between(key, index),
            hole.shape[::-1],
            flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=_OUTSIDE,
        )
        return np.asarray(moved, np.uint8)

    def _around(self, index: int) -> tuple[int, int]:
        """The key frames before and after a frame; the same one twice at a key and at the ends."""
        place = int(np.searchsorted(self._order, index))
        after = self._order[min(place, len(self._order) - 1)]
        return (self._order[max(0, place - 1)] if after > index else after), after

    def _at(self, index: int, shape: tuple[int, ...]) -> Picture:
        """The plate as frame `index` saw it."""
        if self._motion.steady:
            return self._keys[self._order[0]]
        before, after = self._around(index)
        near = _warped(self._keys[before], self._motion.between(before, index), shape)
        if before == after:
            return near
        # Between two key frames one fades into the other, so that nothing pops; what only one of
        # them showed is that one's.
        far = _warped(self._keys[after], self._motion.between(after, index), shape)
        share = np.full(shape[:2], (index - before) / (after - before), np.float32)
        in_near = self._shown(before, index) != _OUTSIDE
        in_far = self._shown(after, index) != _OUTSIDE
        share[in_near & ~in_far], share[in_far & ~in_near] = 0, 1
        weight = share[..., None]
        mixed = near.astype(np.float32) * (1 - weight) + far.astype(np.float32) * weight
        return np.asarray(np.rint(mixed), np.uint8)


def build_plate(
    clip: FrameSource, person: Callable[[int], Mask], reporter: Reporter
) -> BackgroundPlate:
    """Read the clip once and put the plate together.

    `person(i)` is the actor's mask or matte, uint8 [H, W] at the clip's size.
    """
    width, height = clip.size
    count = clip.count
    grow = max(2, round(0.006 * max(width, height)))
    affordable = max(4, _MOST_BYTES // (4 * width * height))
    keys = np.linspace(0, count - 1, min(count, _MOST_KEYS, affordable)).round().astype(int)
    wanted = {int(k) for k in keys}
    frames: dict[int, Picture] = {}
    taken: dict[int, Bools] = {}
    tracker = MotionTracker(clip.size)
    reporter.begin("background", count)
    for i, frame in enumerate(clip.frames()):
        mask = person(i)
        tracker.add(frame, mask)
        if i in wanted:
            frames[i] = frame
            taken[i] = _grown(mask, 2 * grow)
        reporter.advance(i + 1)
    motion = tracker.finish()
    if motion.steady:
        plate, hole, seen = _steady_plate(frames, taken)
        report = PlateReport(True, motion.registered, seen)
        return BackgroundPlate({0: plate}, {0: hole}, motion, report, grow)
    shares = []
    plates: dict[int, Picture] = {}
    holes: dict[int, Bools] = {}
    order = sorted(frames)
    stride = max(1, round(_BETWEEN * len(order) / count))
    for k in sorted({*order[::stride], order[-1]}):
        reporter.check()
        plates[k], holes[k], share = _moving_plate(k, frames, taken, motion)
        shares.append(share)
    report = PlateReport(False, motion.registered, float(np.mean(shares)))
    return BackgroundPlate(plates, holes, motion, report, grow)


def _grown(mask: Mask, pixels: int) -> Bools:
    """Mask pixels of any weight, grown by a radius."""
    import cv2

    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return np.asarray(cv2.dilate((mask >= 24).astype(np.uint8), kernel) > 0, np.bool_)


def _warped(picture: Picture, matrix: NDArray[np.float64], shape: tuple[int, ...]) -> Picture:
    import cv2

    return np.asarray(
        cv2.warpPerspective(
            picture,
            matrix,
            (shape[1], shape[0]),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def _steady_plate(
    frames: dict[int, Picture], taken: dict[int, Bools]
) -> tuple[Picture, Bools, float]:
    """Median over the frames that saw a pixel; inpainted where none did.

    Returns the plate, where none saw it [H, W], and the seen share.
    """
    order = sorted(frames)
    if len(order) > _STEADY_KEYS:
        picks = np.linspace(0, len(order) - 1, _STEADY_KEYS).round().astype(int)
        order = [order[k] for k in picks]
    ever = np.any([taken[k] for k in order], axis=0)
    plate = frames[order[0]].copy()
    places = np.flatnonzero(ever.ravel())
    unseen = np.zeros(ever.shape, bool)
    for part in np.array_split(places, max(1, len(places) // 60000)):
        # uint16 leaves room for a marker that sorts behind every colour.
        values = np.stack([frames[k].reshape(-1, 3)[part] for k in order]).astype(np.uint16)
        hidden = np.stack([taken[k].ravel()[part] for k in order])
        values[hidden] = 65535
        values.sort(axis=0)
        seen = (~hidden).sum(0)
        middle = np.maximum(seen - 1, 0) // 2
        median = np.take_along_axis(values, middle[None, :, None], axis=0)[0]
        plate.reshape(-1, 3)[part] = np.where(seen[:, None] > 0, median, 0).astype(np.uint8)
        unseen.ravel()[part[seen == 0]] = True
    share = 1 - unseen.sum() / max(1, ever.sum())
    return inpaint(plate, unseen), unseen, float(share)


def _moving_plate(
    key: int, frames: dict[int, Picture], taken: dict[int, Bools], motion: CameraMotion
) -> tuple[Picture, Bools, float]:
    """One frame without the actor: from the frames nearest in time first, then inpainted.

    Returns it, where no frame saw it [H, W], and the seen share.
    """
    import cv2

    missing = taken[key].copy()
    total = int(missing.sum())
    if not total:
        return frames[key], missing, 1.0
    rows, columns = np.flatnonzero(missing.any(1)), np.flatnonzero(missing.any(0))
    reach = max(8, round(0.03 * max(missing.shape)))
    y0, y1 = max(0, rows[0] - 2 * reach), rows[-1] + 1 + 2 * reach
    x0, x1 = max(0, columns[0] - 2 * reach), columns[-1] + 1 + 2 * reach
    box = np.s_[y0:y1, x0:x1]
    part, hole = frames[key][box].copy(), missing[box].copy()
    to_box = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]])
    others = sorted((k for k in frames if k != key), key=lambda k: abs(k - key))[:_NEAREST]
    for other in others:
        matrix = to_box @ motion.between(other, key)
        free = cv2.warpPerspective(
            (~taken[other]).astype(np.uint8), matrix, hole.shape[::-1], flags=cv2.INTER_NEAREST
        )
        usable = hole & (free > 0)
        if usable.sum() < 0.004 * total:
            continue
        moved = _warped(frames[other], matrix, hole.shape)
        # Where the actor stands in either frame the two say nothing about the light.
        moved = match_tone(moved, part, usable, hole | (free == 0), reach)
        part = np.where(usable[..., None], moved, part)
        hole &= ~usable
        if not hole.any():
            break
    picture = frames[key].copy()
    picture[box] = inpaint(part, hole)
    missing[box] = hole
    return picture, missing, 1 - float(hole.sum()) / total
