"""Which places of the set a clip shows at any time, although the actor stands before them now.

Where the camera moves, frames are laid over each other by the plane transform (homography) between
their plates: right for a camera that turns, near enough for one that travels a little.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..shot_folder import ShotFolder, Take

_TRACE = 8
_EDGE = 2
"""Pixels beside a matte that are mixed with the actor, too."""
_MOST = 32
"""Frames of a clip that are looked through; a longer one by as many, evenly."""
_POINTS = 1500
_FEWEST = 12


class SeenBackground:
    """See the module."""

    def __init__(self, shot: ShotFolder) -> None:
        import cv2

        self._shot = shot
        self._still = shot.plates <= 1
        self._chosen = sorted(
            {round(i) for i in np.linspace(0, shot.count - 1, min(_MOST, shot.count))}
        )
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _EDGE + 1, 2 * _EDGE + 1))
        self._bare: dict[int, NDArray[np.uint8]] = {}
        for index in self._chosen:
            trace = (shot.matte(Take.SOURCE, index) > _TRACE).astype(np.uint8)
            self._bare[index] = np.uint8(1) - cv2.dilate(trace, disc)
        self._points = {} if self._still else {i: _points(shot.plate(i)) for i in self._chosen}

    def on_frame(self, index: int) -> NDArray[np.bool_]:
        """Where frame `index` shows places that some frame shows without the actor."""
        import cv2

        if self._still:
            return np.maximum.reduce(list(self._bare.values())) > 0
        here = self._points.get(index) or _points(self._shot.plate(index))
        seen = np.zeros(next(iter(self._bare.values())).shape, np.uint8)
        for other, bare in self._bare.items():
            if other == index:
                seen |= bare
                continue
            transform = _between(self._points[other], here)
            if transform is not None:
                seen |= cv2.warpPerspective(
                    bare, transform, self._shot.size, flags=cv2.INTER_NEAREST
                )
        return seen > 0


def _points(picture: NDArray[np.uint8]) -> tuple[Any, Any]:
    """Points of a picture that can be found again, and what each looks like."""
    import cv2

    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    detector = cv2.ORB_create(nfeatures=_POINTS, fastThreshold=8)
    points, looks = detector.detectAndCompute(grey, None)
    return np.array([point.pt for point in points], np.float32), looks


def _between(first: tuple[Any, Any], second: tuple[Any, Any]) -> Any:
    """The homography from one picture to another; None where they have too little in common."""
    import cv2

    if min(len(first[0]), len(second[0])) < _FEWEST:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(first[1], second[1])
    if len(pairs) < _FEWEST:
        return None
    a = first[0][[pair.queryIdx for pair in pairs]]
    b = second[0][[pair.trainIdx for pair in pairs]]
    transform, inliers = cv2.findHomography(a, b, cv2.RANSAC, 2.0)
    return None if transform is None or inliers.sum() < _FEWEST else transform
