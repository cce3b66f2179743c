"""One frame registered on another by its background: which points moved where, and by what law."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Grey = NDArray[np.uint8]

_CELLS = (6, 8)
"""Rows and columns of cells: points are spread over them, and each has one voice."""
_POINTS_A_CELL = 10
_FEWEST_POINTS = 12
_LEAST_FREE = 0.25
"""Share of a cell that has to show the background for the cell to have a voice."""
_STRAY = 1.2
"""Pixels from where the law puts a point up to which it obeys it."""
_NEAR = 0.2
"""Share of the picture's longer side about the actor where what moves may be his shadow."""
_NEAR_VOICE, _UNSURE_VOICE = 0.25, 0.25
"""Voices of cells near the actor, and of those that both explain as well."""
_ALIKE = 3.0
"""Mean difference in grey levels of a cell that looks the same in two frames."""
_CLEARER, _NOISE = 0.9, 0.05
"""Share of the other's error, and grey levels less, that make an explanation the better one."""


@dataclass(frozen=True)
class View:
    """A frame made ready: grey [h, w], and 255 where its background is free of the actor."""

    grey: Grey
    free: Grey


@dataclass(frozen=True)
class Registration:
    """How one frame lies on another."""

    matrix: Matrix
    """Homography [3, 3] from the first frame's pixels to the second's; identity where unknown."""
    good: bool
    obeying: float
    """Share of the tracked points that the matrix explains."""
    still: float
    """Share of the picture's voices that say that the camera did not move."""


def spread_points(view: View) -> Matrix:
    """Corners [points, 2] of the free background, some in each part of the picture."""
    import cv2

    height, width = view.grey.shape
    points = []
    for top, bottom in _borders(height, _CELLS[0]):
        for left, right in _borders(width, _CELLS[1]):
            part = np.s_[top:bottom, left:right]
            found = cv2.goodFeaturesToTrack(
                view.grey[part], _POINTS_A_CELL, 0.03, 5, mask=view.free[part], blockSize=5
            )
            if found is not None:
                points.append(found.reshape(-1, 2) + np.array([left, top]))
    return np.concatenate(points).astype(np.float64) if points else np.empty((0, 2))


def register(before: View, after: View, points: Matrix, guess: Matrix) -> Registration:
    """Where `after` lies on `before`; `points` of before, `guess` a matrix near the answer."""
    import cv2

    if len(points) < _FEWEST_POINTS:
        return Registration(np.eye(3), False, 0.0, _still_share(before, after, None))
    start = points.astype(np.float32).reshape(-1, 1, 2)
    ahead = apply(guess, points).astype(np.float32).reshape(-1, 1, 2)

    def follow(here: View, there: View, at: Any, guessed: Any) -> tuple[Any, Any]:
        to, found, _ = cv2.calcOpticalFlowPyrLK(
            here.grey,
            there.grey,
            at,
            guessed.copy(),
            winSize=(19, 19),
            maxLevel=3,
            flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )
        return to, found

    moved, found = follow(before, after, start, ahead)
    back, again = follow(after, before, moved, start)
    p, q, r = (v.reshape(-1, 2).astype(np.float64) for v in (start, moved, back))
    kept = (found.ravel() > 0) & (again.ravel() > 0) & (np.linalg.norm(p - r, axis=1) < 0.5)
    kept &= _at(after.free, q) > 0
    p, q = p[kept], q[kept]
    law = _law(p, q, before.grey.shape) if len(p) >= _FEWEST_POINTS else None
    if law is None:
        return Registration(np.eye(3), False, 0.0, _still_share(before, after, None))
    obeying = float((np.linalg.norm(apply(law, p) - q, axis=1) < _STRAY).mean())
    return Registration(law, True, obeying, _still_share(before, after, law))


def apply(matrix: Matrix, points: Matrix) -> Matrix:
    """Points [n, 2] through a homography."""
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return np.asarray(moved[:, :2] / moved[:, 2:], np.float64)


def _law(p: Matrix, q: Matrix, shape: tuple[int, ...]) -> Matrix | None:
    """The simplest of similarity, affine map and homography that explains the points as well."""
    import cv2

    simple, inliers = cv2.estimateAffinePartial2D(p, q, ransacReprojThreshold=_STRAY)
    if simple is None or inliers.sum() < 0.3 * len(p):
        return None
    best: Matrix = np.vstack([simple, [0, 0, 1]])
    obeys = inliers.ravel() > 0
    if obeys.sum() < 24 or _extent(p[obeys], shape) < 0.2:
        return best
    cost = _cost(best, p, q)
    freer: list[Any] = [cv2.estimateAffine2D(p, q, ransacReprojThreshold=_STRAY)[0]]
    freer.append(cv2.findHomography(p, q, cv2.RANSAC, _STRAY, maxIters=2000, confidence=0.999)[0])
    for found in freer:
        if found is None:
            continue
        matrix = np.vstack([found, [0, 0, 1]]) if len(found) == 2 else np.asarray(found, np.float64)
        # More freedom must explain clearly more to be believed.
        if _sane(matrix, shape) and _cost(matrix, p, q) < 0.9 * cost:
            best, cost = matrix, _cost(matrix, p, q)
    return best


def _cost(matrix: Matrix, p: Matrix, q: Matrix) -> float:
    """Mean distance of points from where they should be, capped, with a floor of noise."""
    off = np.linalg.norm(apply(matrix, p) - q, axis=1)
    return float(np.minimum(off, 2 * _STRAY).mean()) + 0.03


def _still_share(before: View, after: View, law: Matrix | None) -> float:
    """Share of the voices of all cells that say "still": see `Registration.still`.

    A cell says which explains its picture better, no movement or `law`; without a law, whether it
    looks the same. Points would not do: along an edge, or in grain, they go wherever they are
    expected.
    """
    import cv2

    height, width = before.grey.shape
    away = cv2.distanceTransform(np.minimum(before.free, after.free), cv2.DIST_L2, 3)
    # Where nobody is seen, the distance is beyond measure.
    away = np.minimum(away, height + width)
    first, second = (
        cv2.GaussianBlur(v.grey, (0, 0), 1.0).astype(np.float32) for v in (before, after)
    )
    stood = np.abs(second - first)
    moved, free = np.full_like(stood, _ALIKE), before.free
    if law is not None:
        moved = np.abs(second - cv2.warpPerspective(first, law, (width, height)))
        free = cv2.warpPerspective(free, law, (width, height), flags=cv2.INTER_NEAREST)
    usable = (away > 2) & (cv2.erode(free, np.ones((5, 5), np.uint8)) > 0)
    near = _NEAR * max(height, width)
    still = total = 0.0
    for top, bottom in _borders(height, _CELLS[0]):
        for left, right in _borders(width, _CELLS[1]):
            part = np.s_[top:bottom, left:right]
            inside = usable[part]
            if inside.mean() < _LEAST_FREE:
                continue
            voice = 1.0 if np.median(away[part][inside]) > near else _NEAR_VOICE
            a, b = float(stood[part][inside].mean()), float(moved[part][inside].mean())
            unsure = min(a, b) > _CLEARER * max(a, b) - _NOISE
            if unsure:
                voice = _UNSURE_VOICE
            total += voice
            still += voice * (unsure or a <= b)
    return still / total if total else 1.0


def _borders(length: int, parts: int) -> list[tuple[int, int]]:
    return list(pairwise(np.linspace(0, length, parts + 1).round().astype(int).tolist()))


def _at(mask: Grey, points: Matrix) -> Grey:
    x = np.clip(np.rint(points[:, 0]).astype(int), 0, mask.shape[1] - 1)
    y = np.clip(np.rint(points[:, 1]).astype(int), 0, mask.shape[0] - 1)
    values: Grey = mask[y, x]
    return values


def _extent(points: Matrix, shape: tuple[int, ...]) -> float:
    """Share of the picture's area that the points' box covers."""
    extent = np.ptp(points, axis=0)
    return float(extent[0] * extent[1] / (shape[0] * shape[1]))


def _sane(matrix: Matrix, shape: tuple[int, ...]) -> bool:
    """Whether a homography is a plausible movement of a camera."""
    h, w = shape[:2]
    corners = np.array([[0, 0], [w, 0], [0, h], [w, h]], np.float64)
    depth = corners @ matrix[2, :2] + matrix[2, 2]
    if (depth <= 0.2).any():
        return False
    return bool(np.abs(apply(matrix, corners) - corners).max() < 0.6 * max(h, w))
