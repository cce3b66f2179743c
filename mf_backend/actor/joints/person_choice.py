"""Which of the people that were seen is meant: the one pointed at, else the largest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mf_backend.actor.joints.person_track import Candidate, box_overlap
from mf_backend.contracts.errors import InputError
from mf_backend.contracts.pointing import points_of


class NobodyThereError(InputError):
    """Nobody was seen where somebody was pointed at."""

    def __init__(self, spot: tuple[float, float], frame: int) -> None:
        super().__init__(
            "person-not-there",
            f"Nobody was found at ({spot[0]:.0f}, {spot[1]:.0f}) on frame {frame}.",
            "Point at the middle of the person, on a frame where they are clearly seen.",
        )
        self.spot, self.frame = spot, frame


def choose_anchors(
    people: Sequence[Sequence[Candidate]], person: Sequence[float]
) -> tuple[tuple[int, int], ...]:
    """(frame, which) of all that is known of the person to follow, in the order of the frames.

    `person` as for choose_anchor, or several points (frame, x, y), one after the other. Raises
    InputError as it does.
    """
    points = points_of(person)
    if len(points) < 2:
        return (choose_anchor(people, person),)
    return tuple(choose_anchor(people, point) for point in sorted(points))


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
        raise NobodyThereError((float(spot[0]), float(spot[1])), frame)
    return frame, min(ranked)[2]
