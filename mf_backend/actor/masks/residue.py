"""What of the actor a hard mask leaves visible at its edge, found against the background.

A matte's edge is soft, and a threshold that agrees best with careful masks leaves mixed pixels
outside. Outside the masks a finished frame is the clip's own, so where the actor moves away those
pixels stay as a thin outline. Where the background is another colour they are easily told.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.shape import widen
from mf_backend.actor.plate.background import BackgroundPlate, build_plate
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter

Matte = NDArray[np.uint8]
Bools = NDArray[np.bool_]

_VISIBLE = 44
"""Difference from the background (largest of the channels, 0..255) that the eye finds. Lower ones
begin to cost overlap with the reference cases' masks: 48 none, 40 0.002, 32 0.004."""
_REACH = 3.0
"""Pixels at 512 from the mask's edge."""
_FAR = 12.0
"""Pixels at 512 from the mask's edge up to which what stays visible is told, but not added; about
the picture's border it is added: estimators see half of what they need there, and leave slivers."""
_HANGING = 24.0
"""Pixels at 512 from the mask's edge up to which what hangs together with it is added: a frill, a
sleeve or a lock that a matte half sees ends up to 15 pixels away."""
_TOLD = 0.004
"""Share of the mask's area that has to stay visible to be told."""
_FAINTEST = 24
"""Matte below which a pixel is background, however it looks."""


def border_band(shape: tuple[int, ...], pixels: float) -> Bools:
    """Where a picture [H, W] is near its border; `pixels` are of one whose shorter side is 512."""
    width = round(pixels * max(1.0, min(shape) / 512))
    band = np.ones(shape, np.bool_)
    band[width:-width, width:-width] = False
    return band


class ResidueFinder:
    """Adds to hard masks what they leave visible. Reads the clip once when it is made.

    `matte(i)` is the actor's matte of frame i, uint8 [H, W] at the clip's size.
    """

    def __init__(
        self, clip: FrameSource, matte: Callable[[int], Matte], reporter: Reporter
    ) -> None:
        self._matte = matte
        self._left: Bools = np.zeros((clip.size[1], clip.size[0]), np.bool_)
        """What is visible of the actor in the latest frame, masked or not."""
        self._plate: BackgroundPlate = build_plate(clip, matte, reporter)

    def grown(self, index: int, frame: Picture, hard: Bools) -> Bools:
        """`hard` [H, W] with the visible rest of the actor in `frame` [H, W, 3] about its edge."""
        import cv2

        if not hard.any():
            return hard
        matte = self._matte(index)
        clean = self._plate.clean(index, frame, matte)
        visible = cv2.absdiff(frame, clean).max(axis=2) > _VISIBLE
        self._left = np.asarray(visible & (matte >= _FAINTEST), np.bool_)
        reach = widen(hard, _REACH) | (widen(hard, _FAR) & border_band(hard.shape, _FAR))
        grown = hard | (reach & self._left)
        if not (_hanging(hard, self._left) & ~grown).any():
            # Most frames: so wide a reach takes longer than all the rest.
            return grown
        return grown | _hanging(hard, self._left & widen(hard, _HANGING))

    def left_beside(self, mask: Bools) -> bool:
        """Whether much of the actor stays visible beside the finished mask of the latest frame."""
        beside = widen(mask, _FAR) & self._left & ~mask
        return bool(beside.sum() > _TOLD * mask.sum())


def _hanging(hard: Bools, left: Bools) -> Bools:
    """The pieces of `left` [H, W] that touch `hard`."""
    import cv2

    _, pieces = cv2.connectedComponents(left.astype(np.uint8), connectivity=4)
    touching = np.unique(pieces[left & widen(hard, 1.0)])
    return np.asarray(left & np.isin(pieces, touching), np.bool_)
