"""What stands in front of the actor: the set, seen where the actor's body has to be.

Within the actor's trunk and limbs, where the matte is empty and the frame shows nothing but the
set, a part of the set hides them. It does so wherever the set shows it, so frames tell each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.backdrop import Backdrop
from mf_backend.contracts.frames import Picture

Bools = NDArray[np.bool_]

CORE = 0.45
"""Share of the body's widths within which its place is beyond doubt."""
WHOLE = 1.4
"""Share of them beyond which nothing is the body's."""
_APART = 0.04
"""Torso lengths from the matte's edge within which a joint out of place would do the same."""
_LEAST_FRAMES, _LEAST_CLEAR = 2, 4
"""Frames in which a pixel of the set has to hide the actor, and in which they are elsewhere."""
_LEAST_SHOWN = 0.4
"""Share of the body that the matte has to have in a frame: more is hidden by its own mistake."""
_LEAST_AREA = 0.01
"""Squared torso lengths of one thing in front."""
_EDGE = 0.12
"""Torso lengths by which a thing goes on in its own colour beyond what hid the actor."""
_ALIKE = 22.0
"""Levels (largest of the channels, 0..255) by which its colour may differ there."""
_MOST_FRAMES = 60
"""Frames whose evidence is brought together for one frame of a moving camera."""


class FrontFinder:
    """Collects what frames say (`add`), then gives what is in front in each (`front`)."""

    def __init__(self, backdrop: Backdrop, unit: float) -> None:
        self._backdrop, self._unit = backdrop, unit
        self._votes: dict[int, NDArray[np.uint8]] = {}
        self._behind: dict[int, NDArray[np.uint8]] = {}
        self._clear: dict[int, NDArray[np.uint8]] = {}
        self._steady: Bools | None = None

    def add(
        self, index: int, core: Bools, body: Bools, matte: NDArray[np.uint8], same: Bools
    ) -> None:
        """Take note of a frame: the body's core [h, w] and all of it, its matte, and where the set
        is seen."""
        import cv2

        if (matte[core] >= 128).sum() < _LEAST_SHOWN * core.sum():
            return
        reach = max(1, round(_APART * self._unit))
        near = cv2.dilate(matte, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) >= 24
        vote = core & ~near & same
        solid = cv2.morphologyEx(vote.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        if solid.any():
            self._votes[index] = np.packbits(solid > 0)
        shown = cv2.erode((matte >= 200).astype(np.uint8), np.ones((3, 3), np.uint8))
        self._behind[index] = np.packbits(shown > 0)
        self._clear[index] = np.packbits(same & ~body)

    def front(self, index: int, picture: Picture) -> Bools:
        """What is in front of the actor in a frame, bool [h, w]; `picture` [h, w, 3] shows it."""
        width, height = self._backdrop.small
        if len(self._votes) < _LEAST_FRAMES:
            return np.zeros((height, width), np.bool_)
        if not self._backdrop.steady:
            return self._found(index, picture)
        if self._steady is None:
            self._steady = self._found(index, picture)
        return self._steady

    def _found(self, index: int, picture: Picture) -> Bools:
        import cv2

        votes = self._sum(self._votes, index)
        # Where the actor was seen nothing is in front of them; mattes err, so frames outvote.
        behind = self._sum(self._behind, index) > votes
        # What never showed without the actor there may be the actor, missed by the matte.
        clear = self._sum(self._clear, index) >= _LEAST_CLEAR
        seen = ((votes > 0) & clear & ~behind).astype(np.uint8)
        # Somebody who walks fast leaves stripes.
        sure = cv2.morphologyEx(seen, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        number, labels, stats, _ = cv2.connectedComponentsWithStats(sure, connectivity=8)
        result = np.zeros(sure.shape, np.bool_)
        reach = max(2, round(_EDGE * self._unit))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        for label in range(1, number):
            part = labels == label
            small = stats[label, cv2.CC_STAT_AREA] < _LEAST_AREA * self._unit**2
            if small or votes[part].max() < _LEAST_FRAMES:
                continue
            result |= part | self._goes_on(part, picture, behind, kernel)
        closed = cv2.morphologyEx(
            result.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
        )
        # Its outermost pixels are mixed with what is behind.
        whole = cv2.dilate(closed, np.ones((3, 3), np.uint8))
        return np.asarray((whole > 0) & ~behind, np.bool_)

    def _goes_on(
        self, part: Bools, picture: Picture, behind: Bools, kernel: NDArray[np.uint8]
    ) -> Bools:
        """Pixels about a part that have its colours and hang together with it."""
        import cv2

        about = (cv2.dilate(part.astype(np.uint8), kernel) > 0) & ~behind
        # The nearest pixel of the part says which colour to expect.
        _, nearest = cv2.distanceTransformWithLabels(
            (~part).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
        )
        smooth = cv2.GaussianBlur(picture, (0, 0), 1).astype(np.float32)
        colours = np.zeros((int(nearest.max()) + 1, 3), np.float32)
        colours[nearest[part]] = smooth[part]
        alike = np.abs(smooth - colours[nearest]).max(axis=2) < _ALIKE
        _, labels = cv2.connectedComponents(((about & alike) | part).astype(np.uint8))
        return np.asarray(np.isin(labels, np.unique(labels[part])) & (labels > 0), np.bool_)

    def _sum(self, bits: dict[int, NDArray[np.uint8]], index: int) -> NDArray[np.uint8]:
        """How many frames said so of each pixel of frame `index`, uint8 [h, w]."""
        import cv2

        width, height = self._backdrop.small
        total = np.zeros((height, width), np.uint16)
        order = sorted(bits, key=lambda k: abs(k - index))
        if not self._backdrop.steady:
            order = order[:_MOST_FRAMES]
        for other in order:
            part = np.unpackbits(bits[other], count=width * height).reshape(height, width)
            if not self._backdrop.steady:
                matrix = self._backdrop.between(other, index)
                part = cv2.warpPerspective(part, matrix, (width, height), flags=cv2.INTER_NEAREST)
            total += part
        return np.asarray(np.minimum(total, 255), np.uint8)
