"""The pieces of the plate: one for a camera that stays in place, more along one that travels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.fill import Filler, fill, inpaint
from mf_backend.actor.plate.gather import (
    Canvas,
    Key,
    Light,
    canvas_of,
    exposure_gains,
    gather,
    warp_key,
)
from mf_backend.actor.plate.motion import CameraMotion
from mf_backend.actor.plate.parallax import laid_upon
from mf_backend.actor.plate.tone import match_tone
from mf_backend.contracts.frames import Picture

Bools = NDArray[np.bool_]

_MOST_BYTES = 160 << 20
"""Memory for all pieces."""
_APART = 6
"""Frames from one piece to the next at least."""
_OWN_KEYS = 5
"""Keys that a piece's statistics rest on at least: its own, then those nearest in time."""
_WORTH = 0.004
"""Share of the hidden pixels that another key has to show to be looked at."""


@dataclass(frozen=True)
class Piece:
    """The plate about one frame: picture and where no frame saw it, both of its canvas."""

    canvas: Canvas
    size: tuple[int, int]
    """(width, height) of a frame."""
    picture: Picture
    unseen: Bools

    def seen_by(self, motion: CameraMotion, index: int) -> Picture:
        """The piece as frame `index` sees it [H, W, 3]."""
        import cv2

        return np.asarray(
            cv2.warpPerspective(
                self.picture,
                np.linalg.inv(self.canvas.from_frame(motion, index)),
                self.size,
                flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )


def make_pieces(
    keys: Mapping[int, Key],
    motion: CameraMotion,
    count: int,
    size: tuple[int, int],
    light: Light,
    check: Callable[[], None],
    fill_unseen: Filler = fill,
) -> tuple[dict[int, Piece], float]:
    """The pieces by the frame from which on they are shown, and the share of the pixels behind the
    actor that some frame saw."""
    starts = _starts(motion, count, size)
    # What no frame saw is made up once, in the piece in the middle, and handed on from there.
    middle = int(np.argmin([abs(start - count / 2) for start in starts]))
    order = [*range(middle, len(starts)), *range(middle - 1, -1, -1)]
    made: dict[int, Piece] = {}
    hidden = missing = 0
    for place in order:
        check()
        start = starts[place]
        end = starts[place + 1] if place + 1 < len(starts) else count - 1
        span = range(max(0, start - _APART), end + 1) if not motion.steady else range(1)
        canvas = canvas_of(motion, start, sorted({span[0], start, end, *span[::_APART]}), size)
        beside = [starts[k] for k in (place - 1, place + 1) if 0 <= k < len(starts)]
        neighbours = [made[k] for k in beside if k in made]
        made[start], ever = _piece(
            canvas, keys, motion, (start, end), size, light, neighbours, fill_unseen
        )
        hidden += int(ever.sum())
        missing += int((made[start].unseen & ever).sum())
    return made, 1 - missing / max(1, hidden)


def _starts(motion: CameraMotion, count: int, size: tuple[int, int]) -> list[int]:
    """The first frames of the pieces: the references, as many as memory has room for."""
    if motion.steady:
        return [0]
    room = max(2, _MOST_BYTES // (6 * size[0] * size[1]))
    apart = max(_APART, count // room)
    starts = [0]
    for reference in motion.references[1:]:
        if reference - starts[-1] >= apart:
            starts.append(reference)
    return starts


def _piece(
    canvas: Canvas,
    keys: Mapping[int, Key],
    motion: CameraMotion,
    span: tuple[int, int],
    size: tuple[int, int],
    light: Light,
    neighbours: list[Piece],
    fill_unseen: Filler,
) -> tuple[Piece, Bools]:
    """One piece, and where on it the actor ever was."""
    start, end = span
    nearest = sorted(keys, key=lambda k: (max(start - k, k - end, 0), abs(k - (start + end) / 2)))
    own = [k for k in nearest if start <= k <= end]
    own = nearest[: max(len(own), min(_OWN_KEYS, len(nearest)))]
    gains = exposure_gains(canvas, {k: keys[k] for k in own}, motion)
    picture, unseen = gather(canvas, {k: keys[k] for k in own}, motion, gains, light)
    ever = np.zeros(unseen.shape, np.bool_)
    inside = np.zeros(unseen.shape, np.bool_)
    for k in own:
        here, within = _footprint(canvas, keys[k], motion, k)
        ever |= here
        inside |= within
    reach = max(8.0, 0.03 * max(size))
    ones = np.ones(3, np.float32)
    for k in nearest[len(own) :]:
        if not (unseen & inside).any():
            break
        moved, seen = warp_key(canvas, keys[k], motion, k, ones)
        if (unseen & seen & inside).sum() < _WORTH * max(1, ever.sum()):
            continue
        if not motion.steady:
            moved, seen = _closer(moved, seen, picture, unseen)
        usable = unseen & seen
        moved = match_tone(moved, picture, usable, unseen | ~seen, reach)
        picture = np.where(usable[..., None], moved, picture)
        unseen &= ~usable
    missing = unseen & inside
    for piece in neighbours:
        moved, seen, made_up = _from_piece(canvas, piece, motion)
        usable = missing & seen
        if usable.any():
            moved = match_tone(moved, picture, usable, unseen | made_up, reach)
            picture = np.where(usable[..., None], moved, picture)
            missing &= ~usable
    picture = fill_unseen(picture, missing, unseen)
    # What lies beyond all frames is shown by hardly any, and only at its very border.
    picture = inpaint(picture, unseen & ~inside)
    return Piece(canvas, size, picture, unseen), ever


def _closer(moved: Picture, seen: Bools, picture: Picture, unseen: Bools) -> tuple[Picture, Bools]:
    """A key on the canvas [h, w, 3], and where it shows the background, laid upon `picture`."""
    import cv2

    places = laid_upon(moved, picture, seen & ~unseen)
    if places is None:
        return moved, seen
    moved = np.asarray(cv2.remap(moved, places, None, cv2.INTER_CUBIC), np.uint8)
    still = cv2.remap(seen.astype(np.uint8) * np.uint8(255), places, None, cv2.INTER_LINEAR)
    return moved, np.asarray(still == 255, np.bool_)


def _footprint(canvas: Canvas, key: Key, motion: CameraMotion, index: int) -> tuple[Bools, Bools]:
    """Where on the canvas a key hides the background, and where the key is at all."""
    import cv2

    matrix = canvas.from_frame(motion, index)
    code = key.hidden.astype(np.uint8) + np.uint8(1)
    moved = cv2.warpPerspective(
        code, matrix, (canvas.width, canvas.height), flags=cv2.INTER_NEAREST
    )
    return np.asarray(moved == 2, np.bool_), np.asarray(moved > 0, np.bool_)


def _from_piece(canvas: Canvas, piece: Piece, motion: CameraMotion) -> tuple[Picture, Bools, Bools]:
    """Another piece on this canvas: its picture, where it is, and where it was made up."""
    import cv2

    to_frame = np.linalg.inv(piece.canvas.from_frame(motion, canvas.anchor))
    matrix = canvas.from_frame(motion, canvas.anchor) @ to_frame
    size = (canvas.width, canvas.height)
    code = piece.unseen.astype(np.uint8) + np.uint8(1)
    moved = cv2.warpPerspective(piece.picture, matrix, size, flags=cv2.INTER_CUBIC)
    code = cv2.warpPerspective(code, matrix, size, flags=cv2.INTER_NEAREST)
    return np.asarray(moved, np.uint8), np.asarray(code > 0, np.bool_), np.asarray(code == 2)
