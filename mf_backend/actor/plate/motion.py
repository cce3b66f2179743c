"""How the camera moved: frames registered on the background, the actor left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_WORKING_SIDE = 480
_MOST_POINTS = 400
_STEADY_STEP = 0.3
"""Median movement of the background, in pixels at the working size, that counts as none."""
_STEADY_TOTAL = 0.8


@dataclass(frozen=True)
class CameraMotion:
    """Homographies [frames, 3, 3] that take each frame's pixels to the first frame's."""

    to_first: Matrix
    steady: bool
    """The camera did not move at all."""
    registered: float
    """Share of frames whose registration held (1 for a steady camera)."""

    def between(self, a: int, b: int) -> Matrix:
        """Homography that takes pixels of frame a to frame b."""
        matrix: Matrix = np.linalg.inv(self.to_first[b]) @ self.to_first[a]
        normalised: Matrix = matrix / matrix[2, 2]
        return normalised


class MotionTracker:
    """Registers frames one after another; `add` each in order, then `finish`."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._scale = min(1.0, _WORKING_SIDE / max(size))
        self._small = (max(16, round(size[0] * self._scale)), max(16, round(size[1] * self._scale)))
        self._grey: list[NDArray[np.uint8]] = []
        self._free: list[NDArray[np.uint8]] = []
        self._steps: list[Matrix] = []
        self._moves: list[float] = []
        self._good: list[bool] = []
        self._size = size

    def add(self, frame: NDArray[np.uint8], person: NDArray[np.uint8]) -> None:
        """Next frame [H, W, 3] and where the actor is (mask [H, W], generous)."""
        import cv2

        small = cv2.resize(frame, self._small, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(person, self._small, interpolation=cv2.INTER_LINEAR)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        free = np.where(mask < 16, 255, 0).astype(np.uint8)
        if self._grey:
            step, move, good = _register(self._grey[-1], grey, self._free[-1], free)
            self._steps.append(step)
            self._moves.append(move)
            self._good.append(good)
            if len(self._grey) > 1:
                # The first and the latest frame are all that later steps look at.
                self._grey, self._free = self._grey[:1], self._free[:1]
        self._grey.append(grey)
        self._free.append(free)

    def finish(self) -> CameraMotion:
        """Chain the steps. A step that failed repeats none: the camera is taken to stand there."""
        count = len(self._steps) + 1
        identity = np.tile(np.eye(3), (count, 1, 1))
        if count == 1:
            return CameraMotion(identity, True, 1.0)
        _, whole, good = _register(self._grey[0], self._grey[-1], self._free[0], self._free[-1])
        typical = float(np.median(self._moves))
        if typical < _STEADY_STEP and (whole < _STEADY_TOTAL or not good):
            return CameraMotion(identity, True, 1.0)
        chain = [np.eye(3)]
        for step in self._steps:
            matrix = chain[-1] @ np.linalg.inv(step)
            chain.append(matrix / matrix[2, 2])
        up = np.diag([self._size[0] / self._small[0], self._size[1] / self._small[1], 1.0])
        half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
        # Pixel centres, not corners, keep their place when the picture is enlarged.
        grow = np.linalg.inv(half) @ up @ half
        to_first = np.stack([grow @ m @ np.linalg.inv(grow) for m in chain])
        return CameraMotion(to_first, False, float(np.mean(self._good)))


def _register(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    free_before: NDArray[np.uint8],
    free_after: NDArray[np.uint8],
) -> tuple[Matrix, float, bool]:
    """Homography before -> after from tracked background corners, median movement, success."""
    import cv2

    corners = cv2.goodFeaturesToTrack(before, _MOST_POINTS, 0.01, 7, mask=free_before)
    if corners is None or len(corners) < 12:
        return np.eye(3), 0.0, False
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, corners, None, winSize=(21, 21), maxLevel=4
    )
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(
        after, before, moved, None, winSize=(21, 21), maxLevel=4
    )
    p, q, r = (v.reshape(-1, 2).astype(np.float64) for v in (corners, moved, back))
    kept = (found.ravel() > 0) & (found_back.ravel() > 0)
    kept &= np.linalg.norm(p - r, axis=1) < 0.7
    kept &= _at(free_after, q) > 0
    p, q = p[kept], q[kept]
    if len(p) < 12:
        return np.eye(3), 0.0, False
    movement = float(np.median(np.linalg.norm(q - p, axis=1)))
    matrix, inliers = cv2.estimateAffinePartial2D(p, q, ransacReprojThreshold=1.5)
    if matrix is None or inliers.sum() < 0.3 * len(p):
        return np.eye(3), movement, False
    best: Matrix = np.vstack([matrix, [0, 0, 1]])
    if inliers.sum() >= 10 and _spread(p[inliers.ravel() > 0], before.shape) > 0.25:
        full, agreed = cv2.findHomography(p, q, cv2.RANSAC, 1.5)
        # A homography has more freedom; it must explain clearly more to be believed.
        if full is not None and agreed.sum() > 1.15 * inliers.sum() and _sane(full, before.shape):
            best = np.asarray(full, np.float64)
    return best, movement, True


def _at(mask: NDArray[np.uint8], points: Matrix) -> NDArray[np.uint8]:
    x = np.clip(np.rint(points[:, 0]).astype(int), 0, mask.shape[1] - 1)
    y = np.clip(np.rint(points[:, 1]).astype(int), 0, mask.shape[0] - 1)
    values: NDArray[np.uint8] = mask[y, x]
    return values


def _spread(points: Matrix, shape: Sequence[int]) -> float:
    """Share of the picture's area that the points' box covers."""
    extent = np.ptp(points, axis=0)
    return float(extent[0] * extent[1] / (shape[0] * shape[1]))


def _sane(matrix: NDArray[Any], shape: Sequence[int]) -> bool:
    """Whether a homography between neighbouring frames is a plausible camera step."""
    h, w = shape[:2]
    corners = np.array([[0, 0, 1], [w, 0, 1], [0, h, 1], [w, h, 1]], np.float64)
    moved = corners @ matrix.T
    if (moved[:, 2] <= 0.2).any():
        return False
    moved = moved[:, :2] / moved[:, 2:]
    return bool(np.abs(moved - corners[:, :2]).max() < 0.25 * max(h, w))
