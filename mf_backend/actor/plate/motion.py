"""How the camera moved: frames registered on the background, the actor left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.registration import View, apply, register, spread_points

Matrix = NDArray[np.float64]

_WORKING_SIDE = 640
_STILL_VOICES = 0.5
"""Share of the picture that has to say "still" for a frame to be taken with a steady camera."""
_STILL_FRAMES = 0.9
_FARTHEST = 0.22
"""Share of the longer side that a frame may lie from its reference."""
_FEWEST_OBEYING = 0.6
"""Points that one homography explains: less, and the scene has depth that it cannot follow."""


@dataclass(frozen=True)
class CameraMotion:
    """Homographies [frames, 3, 3] that take each frame's pixels to the first frame's."""

    to_first: Matrix
    steady: bool
    """The camera did not move at all."""
    registered: float
    """Share of frames whose registration held (1 for a steady camera)."""
    references: tuple[int, ...] = (0,)
    """Frames on which the following ones were registered, ascending; the first is frame 0."""

    def between(self, a: int, b: int) -> Matrix:
        """Homography that takes pixels of frame a to frame b."""
        matrix: Matrix = np.linalg.inv(self.to_first[b]) @ self.to_first[a]
        normalised: Matrix = matrix / matrix[2, 2]
        return normalised


class MotionTracker:
    """Registers frames one after another; `add` each in order, then `finish`.

    A frame is registered on a reference, not on its neighbour, so that small errors do not add up;
    the reference changes when the camera has gone far, or shows the scene's depth.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        scale = min(1.0, _WORKING_SIDE / max(size))
        self._small = (max(16, round(size[0] * scale)), max(16, round(size[1] * scale)))
        self._first: View | None = None
        self._reference: View | None = None
        self._latest: View | None = None
        self._points = self._first_points = np.empty((0, 2))
        self._base = np.eye(3)
        self._chain: list[Matrix] = []
        self._references: list[int] = [0]
        self._still: list[bool] = []
        self._good: list[bool] = []

    def add(self, frame: NDArray[np.uint8], person: NDArray[np.uint8]) -> None:
        """Next frame [H, W, 3] and where the actor is (mask [H, W], generous)."""
        import cv2

        small = cv2.resize(frame, self._small, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(person, self._small, interpolation=cv2.INTER_AREA)
        free = (cv2.dilate(mask, np.ones((5, 5), np.uint8)) < 16).astype(np.uint8) * np.uint8(255)
        view = View(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), free)
        if self._reference is None or self._first is None or self._latest is None:
            self._first = self._reference = self._latest = view
            self._points = self._first_points = spread_points(view)
            self._chain.append(np.eye(3))
            return
        guess = np.linalg.inv(self._base) @ self._chain[-1]
        found = register(self._reference, view, self._points, np.linalg.inv(guess))
        stands = found.still > _STILL_VOICES
        trusted = stands or (found.good and found.obeying >= _FEWEST_OBEYING)
        self._still.append(stands)
        gone = not stands and self._distance(found.matrix) > _FARTHEST
        if (gone or not trusted) and len(self._chain) - 1 > self._references[-1]:
            self._references.append(len(self._chain) - 1)
            self._reference, self._base = self._latest, self._chain[-1]
            self._points = spread_points(self._reference)
            found = register(self._reference, view, self._points, np.eye(3))
        self._good.append(found.good or stands)
        # What moves before a camera that stands (a shadow, say) is not the camera's movement.
        moved = np.eye(3) if stands else found.matrix
        matrix = self._base @ np.linalg.inv(moved)
        self._chain.append(matrix / matrix[2, 2])
        self._latest = view

    def _distance(self, matrix: Matrix) -> float:
        """How far a matrix takes the picture's corners, as a share of its longer side."""
        w, h = self._small
        corners = np.array([[0, 0], [w, 0], [0, h], [w, h]], np.float64)
        moved = np.linalg.norm(apply(matrix, corners) - corners, axis=1)
        return float(moved.max() / max(w, h))

    def finish(self) -> CameraMotion:
        """All frames' places. Where a step failed, the camera is taken to stand there."""
        count = len(self._chain)
        still = len(self._references) == 1 and bool(np.mean(self._still or [True]) >= _STILL_FRAMES)
        if still or count == 1:
            return CameraMotion(np.tile(np.eye(3), (count, 1, 1)), True, 1.0)
        up = np.diag([self._size[0] / self._small[0], self._size[1] / self._small[1], 1.0])
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
        # Pixel centres, not corners, keep their place when the picture is enlarged.
        grow = np.linalg.inv(half) @ up @ half
        to_first = np.stack([grow @ m @ np.linalg.inv(grow) for m in self._chain])
        to_first /= to_first[:, 2:, 2:]
        return CameraMotion(to_first, False, float(np.mean(self._good)), tuple(self._references))
