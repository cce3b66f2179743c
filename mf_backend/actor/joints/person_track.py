"""Which of the people in a clip to follow: one path through all readings, through crossings.

Every frame is looked at once, everybody in it is noted with the colours they wear; the path of the
wanted person is then the cheapest chain of readings, found for the whole clip at once, so that a
later clear view settles an earlier doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.joints.pose_views import (
    TORSO,
    Picture,
    PoseEstimator,
    PoseReading,
    Region,
    View,
    apart,
    whole,
)

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels."""

_BINS = (12, 6, 6)
COLOURS = 12 * 6 * 6
"""Values of a histogram of colours."""
_WINDOW = 48
"""Most frames that a chain may jump over while the person is not found."""
_GAP_COST = 0.12
_COLOUR_WEIGHT = 0.6
_ANCHOR_WEIGHT = 0.25
_MOTION_WEIGHT = 1.0
_FREE_MOTION = 0.6
"""Distance a frame, in parts of the person's extent, over which a jump counts as impossible."""
_MISS_COST = 0.7
"""Cost of each frame left out at an end of the chain; over it a wrong person would be taken."""
_CUT_COST = 1.5
"""Cost of a jump from one known place to another, where nothing leads from one to the other."""
_SAME = 0.12
"""Two readings nearer than this (see `apart`) are one person."""
_WHOLE_VIEWS = (View(), View(0.8), View(0.9, mirrored=True))
"""Ways a whole picture is shown, until somebody is found in it."""
_SAME_BOX = 0.6
"""Or whose boxes overlap (intersection over union) more than this."""
_TILE = 0.62
"""Side of the tiles that small people are searched in, in parts of the shorter side."""


@dataclass(frozen=True)
class Candidate:
    """One person on one frame and the colours of their torso."""

    reading: PoseReading
    colours: NDArray[np.float64]
    """Histogram that sums to 1."""


def torso_colours(picture: Picture, reading: PoseReading) -> NDArray[np.float64]:
    """Histogram over hue, saturation and value of the quadrilateral shoulders to hips."""
    import cv2

    corners = reading.points[[TORSO[0], TORSO[1], TORSO[3], TORSO[2]]]
    height, width = picture.shape[:2]
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, low + 1, [width, height])
    part = picture[low[1] : high[1], low[0] : high[0]]
    inside = np.zeros(part.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.round(corners - low).astype(np.int32), 1)
    if not inside.any():
        inside[:] = 1
    hsv = cv2.cvtColor(part, cv2.COLOR_RGB2HSV)
    found = cv2.calcHist([hsv], [0, 1, 2], inside, list(_BINS), [0, 180, 0, 256, 0, 256])
    histogram: NDArray[np.float64] = found.ravel().astype(np.float64)
    histogram /= max(float(histogram.sum()), 1.0)
    return histogram


def colour_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Hellinger distance of two histograms, 0..1."""
    return float(np.sqrt(max(0.0, 1.0 - np.sqrt(a * b).sum())))


def _tiles(size: tuple[int, int]) -> list[Region]:
    side = _TILE * min(size)
    columns = max(2, int(np.ceil(size[0] / side * 1.3)))
    rows = max(2, int(np.ceil(size[1] / side * 1.3)))
    return [
        Region(x, y, side)
        for y in np.linspace(side / 2, size[1] - side / 2, rows)
        for x in np.linspace(side / 2, size[0] - side / 2, columns)
    ]


def find_people(
    estimator: PoseEstimator, picture: Picture, tiles: bool = True
) -> tuple[Candidate, ...]:
    """Everybody in a picture; where nobody is found at once, also small people, tile by tile."""
    size = picture.shape[1], picture.shape[0]
    readings: list[PoseReading] = []
    for view in _WHOLE_VIEWS:
        readings = estimator.everybody(picture, whole(size), view)
        if readings:
            break
    if not readings and tiles and min(size) >= 480:
        for region in _tiles(size):
            readings += estimator.everybody(picture, region)
    kept: list[PoseReading] = []
    for reading in sorted(readings, key=lambda r: -r.extent):
        middle = reading.centre
        inside = 0 <= middle[0] < size[0] and 0 <= middle[1] < size[1]
        if inside and all(apart(reading, other) > _SAME for other in kept):
            kept.append(reading)
    return tuple(Candidate(reading, torso_colours(picture, reading)) for reading in kept)


def seen_twice(a: PoseReading, b: PoseReading) -> bool:
    """Whether two readings of one frame are of one person: the estimator now and then finds a
    second, crooked skeleton in the same body."""
    heads = float(np.linalg.norm(a.points[0] - b.points[0])) / max(a.extent, b.extent)
    return apart(a, b) < _SAME or heads < _SAME or box_overlap(a.box(), b.box()) > _SAME_BOX


def box_overlap(
    a: tuple[float, float, float, float], b: tuple[float, float, float, float]
) -> float:
    """Intersection over union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return shared / max(sum(areas) - shared, 1e-9)


def _step_cost(before: Candidate, after: Candidate, gap: int) -> float:
    moved = apart(before.reading, after.reading)
    if moved > _FREE_MOTION * gap + 0.2:
        return np.inf
    size = abs(np.log(after.reading.extent / before.reading.extent))
    colour = colour_distance(before.colours, after.colours)
    return float(
        _MOTION_WEIGHT * moved / np.sqrt(gap)
        + 0.2 * size
        + _COLOUR_WEIGHT * colour
        + _GAP_COST * (gap - 1)
    )


def _chain(
    people: Sequence[Sequence[Candidate]],
    frames: Sequence[int],
    start: int,
    end: int | None = None,
) -> tuple[float, dict[int, int]]:
    """(cost, {frame: which}) of the cheapest chain over `frames`, from the person `start` of the
    first on; to the person `end` of the last, where one is named. What begins it is left out."""
    targets = [people[frames[0]][start].colours]
    if end is not None:
        targets.append(people[frames[-1]][end].colours)
    cost: dict[tuple[int, int], float] = {(0, start): 0.0}
    back: dict[tuple[int, int], tuple[int, int]] = {}
    for place in range(1, len(frames)):
        last = place == len(frames) - 1
        for which, candidate in enumerate(people[frames[place]]):
            if last and end is not None and which != end:
                continue
            own = min(colour_distance(candidate.colours, target) for target in targets)
            best, source = np.inf, (0, 0)
            for earlier in range(max(0, place - _WINDOW), place):
                for other, previous in enumerate(people[frames[earlier]]):
                    if (earlier, other) not in cost:
                        continue
                    price = cost[earlier, other] + _step_cost(previous, candidate, place - earlier)
                    if price < best:
                        best, source = price, (earlier, other)
            if np.isfinite(best):
                cost[place, which] = best + _ANCHOR_WEIGHT * own
                back[place, which] = source
    # Every frame after the chain's last one costs something, so that it goes on where it can.
    ends = {node: price + _MISS_COST * (len(frames) - 1 - node[0]) for node, price in cost.items()}
    if end is not None:
        ends = {node: price for node, price in ends.items() if node == (len(frames) - 1, end)}
    if not ends:
        return np.inf, {}
    node = min(ends, key=lambda item: ends[item])
    total = ends[node]
    chain: dict[int, int] = {}
    while node in back:
        chain[frames[node[0]]] = node[1]
        node = back[node]
    return total, chain


def _joined(
    people: Sequence[Sequence[Candidate]], a: tuple[int, int], b: tuple[int, int]
) -> dict[int, int]:
    """From one (frame, which) that is known to a later one: the chain through both, or, where that
    costs much more than to go on from the first, a chain that is cut at the second."""
    price, through = _chain(people, range(a[0], b[0] + 1), a[1], b[1])
    alone, onward = _chain(people, range(a[0], b[0]), a[1])
    return through if price <= alone + _CUT_COST else onward


def follow(
    people: Sequence[Sequence[Candidate]], *anchors: tuple[int, int]
) -> list[PoseReading | None]:
    """The wanted person's reading on every frame, None where not found.

    `anchors` are (frame, which) that are known to be the person, in the order of the frames.
    """
    (first, _), (last, _) = anchors[0], anchors[-1]
    chosen = dict(anchors)
    for a, b in pairwise(anchors):
        chosen = _joined(people, a, b) | chosen
    chosen |= _chain(people, range(last, len(people)), anchors[-1][1])[1]
    chosen |= _chain(people, range(first, -1, -1), anchors[0][1])[1]
    return [
        people[frame][chosen[frame]].reading if frame in chosen else None
        for frame in range(len(people))
    ]


def between(
    track: Sequence[PoseReading | None], frame: int, longest: int = 24
) -> PoseReading | None:
    """Where the person should be on a frame without a reading: on the line between the nearest
    ones before and after within `longest` frames, or at the one there is."""
    earlier = next(
        (k for k in range(frame - 1, frame - longest - 1, -1) if k >= 0 and track[k]), -1
    )
    later = next(
        (k for k in range(frame + 1, min(frame + longest + 1, len(track))) if track[k]), -1
    )
    a = track[earlier] if earlier >= 0 else None
    b = track[later] if later >= 0 else None
    if a is None or b is None:
        return a or b
    part = (frame - earlier) / (later - earlier)
    return PoseReading(
        points=(1 - part) * a.points + part * b.points,
        depth=(1 - part) * a.depth + part * b.depth,
        visibility=np.minimum(a.visibility, b.visibility),
        spread=np.maximum(a.spread, b.spread),
    )
