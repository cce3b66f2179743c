"""Which of the people in a clip to follow: one path through all readings, through crossings.

Every frame is looked at once, everybody in it is noted with the colours they wear; the path of the
wanted person is then the cheapest chain of readings, found for the whole clip at once, so that a
later clear view settles an earlier doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
from mf_backend.contracts.errors import InputError

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


def choose_anchor(
    people: Sequence[Sequence[Candidate]], person: Sequence[float]
) -> tuple[int, int]:
    """(frame, which) of the person to follow: the one pointed at, else the largest of all.

    `person` is (frame, x, y) or (frame, x0, y0, x1, y1) in pixels, or empty. Raises InputError
    where nobody is found, or nobody stands where `person` points.
    """
    if not any(people):
        raise InputError(
            "no-person",
            "Nobody was found in the clip.",
            "Use a clip that shows a person, or give the actor's skeletons and masks yourself.",
        )
    if not person:
        # The largest on the frame, summed over what each frame shows, would need the path first:
        # take the largest reading of frames with the fewest people, where confusion is least.
        fewest = min(len(group) for group in people if group)
        choices = [
            (candidate.reading.extent, frame, which)
            for frame, group in enumerate(people)
            if len(group) == fewest
            for which, candidate in enumerate(group)
        ]
        largest = max(
            (c.reading.extent, frame, which)
            for frame, group in enumerate(people)
            for which, c in enumerate(group)
        )
        best = max(choices)
        _, frame, which = best if best[0] > 0.8 * largest[0] else largest
        return frame, which
    frame = int(person[0])
    if len(person) not in (3, 5) or not 0 <= frame < len(people):
        raise InputError(
            "person-invalid",
            f"The person to follow must be frame,x,y or frame,x0,y0,x1,y1 with a frame from 0 to "
            f"{len(people) - 1}.",
        )
    spot = np.array(
        person[1:3]
        if len(person) == 3
        else [(person[1] + person[3]) / 2, (person[2] + person[4]) / 2]
    )
    ranked = []
    for which, candidate in enumerate(people[frame]):
        x0, y0, x1, y1 = candidate.reading.box()
        distance = float(np.linalg.norm(candidate.reading.centre - spot))
        if len(person) == 5:
            cover = box_overlap((x0, y0, x1, y1), (person[1], person[2], person[3], person[4]))
            ranked.append((-cover, distance, which, cover > 0.1))
        else:
            margin = 0.1 * candidate.reading.extent
            inside = x0 - margin <= spot[0] <= x1 + margin and y0 - margin <= spot[1] <= y1 + margin
            ranked.append((0.0, distance, which, inside))
    ranked = [item for item in ranked if item[3]]
    if not ranked:
        raise InputError(
            "person-not-there",
            f"Nobody was found at ({spot[0]:.0f}, {spot[1]:.0f}) on frame {frame}.",
            "Point at the middle of the person, on a frame where they are clearly seen.",
        )
    return frame, min(ranked)[2]


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
    people: Sequence[Sequence[Candidate]], anchor: tuple[int, int], step: int
) -> dict[int, int]:
    """Cheapest chain from the anchor in one direction: {frame: which}, without the anchor."""
    frames = list(range(anchor[0], len(people) if step > 0 else -1, step))
    target = people[anchor[0]][anchor[1]]
    cost: dict[tuple[int, int], float] = {(0, anchor[1]): 0.0}
    back: dict[tuple[int, int], tuple[int, int]] = {}
    for place in range(1, len(frames)):
        for which, candidate in enumerate(people[frames[place]]):
            own = _ANCHOR_WEIGHT * colour_distance(candidate.colours, target.colours)
            best, source = np.inf, (0, 0)
            for earlier in range(max(0, place - _WINDOW), place):
                for other, previous in enumerate(people[frames[earlier]]):
                    if (earlier, other) not in cost:
                        continue
                    price = cost[earlier, other] + _step_cost(previous, candidate, place - earlier)
                    if price < best:
                        best, source = price, (earlier, other)
            if np.isfinite(best):
                cost[place, which] = best + own
                back[place, which] = source
    # Every frame after the chain's last one costs something, so that it goes on where it can.
    last = min(cost, key=lambda node: cost[node] + _MISS_COST * (len(frames) - 1 - node[0]))
    chain: dict[int, int] = {}
    while last in back:
        chain[frames[last[0]]] = last[1]
        last = back[last]
    return chain


def follow(
    people: Sequence[Sequence[Candidate]], anchor: tuple[int, int]
) -> list[PoseReading | None]:
    """The wanted person's reading on every frame, None where not found."""
    chosen = {anchor[0]: anchor[1]} | _chain(people, anchor, 1) | _chain(people, anchor, -1)
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
