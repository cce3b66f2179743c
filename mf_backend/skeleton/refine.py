"""Sub-pixel joints from the shapes of the limbs, and joints whose discs are not seen.

A disc tells a joint to the pixel. The limbs tell more: each is drawn from its ends' sub-pixel
positions by truncated numbers (centre, half length, direction), so the positions that redraw the
same limbs are found by trying them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.evidence import Evidence, Place
from mf_backend.skeleton.joints import LIMBS

Points = NDArray[np.float64]

_STEPS = (np.arange(6) + 0.5) / 6
_OFFSETS = [(float(x), float(y)) for x in _STEPS for y in _STEPS]
_PASSES = 4
_ROUNDS = 3
# A joint out of sight is looked for up to this many times as far as its limb is seen.
_REACHES = (0.97, 1.0, 1.04, 1.1, 1.15, 1.2, 1.27, 1.35, 1.45, 1.6, 1.8, 2.1, 2.5, 3.0, 4.0)
_TURNS = tuple(math.radians(turn) for turn in (-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3))
_LEAST_SEEN = 12
_STARTS = 8


def _limbs_of(joint: int) -> list[tuple[int, int, int]]:
    return [(k, a, b) for k, (a, b) in enumerate(LIMBS) if joint in (a, b)]


def _cost(evidence: Evidence, places: dict[int, Place], joint: int, place: Place) -> int:
    """Unexplained pixels of a joint's limbs to those others that have a place."""
    total = 0
    for k, a, b in _limbs_of(joint):
        other = b if a == joint else a
        if other in places and evidence.limb_pixels(k):
            ends = (place, places[other]) if a == joint else (places[other], place)
            total += evidence.limb_cost(k, *ends)
    return total


def _free_cost(evidence: Evidence, places: dict[int, Place], joint: int, place: Place) -> int:
    """The same for a joint whose disc must not be visible."""
    return _cost(evidence, places, joint, place) + 3 * evidence.disc_denied(joint, place)


def recover(joint: int, places: dict[int, Place], evidence: Evidence) -> Place | None:
    """Where a joint must be whose disc is covered or outside the picture, from its limbs.

    `places` holds the found joints; None where no limb shows the joint.
    """
    limbs = [(k, b if a == joint else a) for k, a, b in _limbs_of(joint)]
    limbs = [(k, o) for k, o in limbs if o in places and evidence.limb_pixels(k) >= _LEAST_SEEN]
    if not limbs:
        return None
    limb, other = max(limbs, key=lambda one: evidence.limb_pixels(one[0]))
    start = np.array(places[other])
    pixels = evidence.limb_places(limb) + 0.5 - start
    middle = pixels.mean(axis=0)
    direction = math.atan2(middle[1], middle[0])
    ahead = pixels @ np.array([math.cos(direction), math.sin(direction)])
    reach = float(ahead.max())
    if reach <= 1:
        return None

    cost = functools.partial(_free_cost, evidence, places, joint)
    options = [
        (start[0] + reach * far * math.cos(direction + turn),
         start[1] + reach * far * math.sin(direction + turn))
        for far in _REACHES
        for turn in _TURNS
    ]  # fmt: skip
    # Several starts: a wrong length with a fitting turn is a valley of its own.
    starts = sorted(options, key=cost)[:_STARTS]
    best = min((_pattern_search(cost, start) for start in starts), key=cost)
    undrawn = sum(evidence.limb_pixels(k) for k, _ in limbs)
    return best if cost(best) < 0.5 * undrawn else None


def _pattern_search(cost: Callable[[Place], int], place: Place) -> Place:
    least, step = cost(place), 8.0
    while step > 0.2:
        around = [
            (place[0] + dx * step, place[1] + dy * step)
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            if dx or dy
        ]
        best = min(around, key=cost)
        if cost(best) < least:
            place, least = best, cost(best)
        else:
            step /= 2
    return place


def refine(cells: dict[int, Place], free: set[int], evidence: Evidence) -> dict[int, Place]:
    """Places inside the joints' pixels that best redraw the limbs.

    `cells` holds for each found joint a place in its pixel; those in `free` may also leave it.
    Where several places redraw the same picture their middle is returned.
    """
    corners = {k: (math.floor(x), math.floor(y)) for k, (x, y) in cells.items()}
    places = {
        k: cells[k] if k in free else (corner[0] + 0.5, corner[1] + 0.5)
        for k, corner in corners.items()
    }
    for _ in range(_ROUNDS):
        _settle(places, free, corners, evidence)
        if not _move_pairs(places, free, corners, evidence):
            break
    return places


def _settle(
    places: dict[int, Place],
    free: set[int],
    corners: dict[int, tuple[int, int]],
    evidence: Evidence,
) -> None:
    """Move one joint after the other to its best place until none moves."""
    for _ in range(_PASSES):
        before = dict(places)
        for joint in places:
            if joint in free:
                cost = functools.partial(_free_cost, evidence, places, joint)
                places[joint] = _pattern_search(cost, places[joint])
            else:
                places[joint] = _best_inside(evidence, places, joint, corners[joint])
        if places == before:
            break


def _move_pairs(
    places: dict[int, Place],
    free: set[int],
    corners: dict[int, tuple[int, int]],
    evidence: Evidence,
) -> bool:
    """Move both ends of a limb at once where it does not fit yet; whether any moved."""
    moved = False
    for k, (a, b) in enumerate(LIMBS):
        if not {a, b} <= places.keys() - free or not evidence.limb_pixels(k):
            continue
        if not evidence.limb_cost(k, places[a], places[b]):
            continue
        trial = dict(places)
        best = least = None
        for x, y in _OFFSETS:
            trial[a] = corners[a][0] + x, corners[a][1] + y
            for u, v in _OFFSETS:
                trial[b] = corners[b][0] + u, corners[b][1] + v
                total = evidence.limb_cost(k, trial[a], trial[b])
                if least is not None and total >= least:
                    continue
                total = _cost(evidence, trial, a, trial[a]) + _cost(evidence, trial, b, trial[b])
                if least is None or total < least:
                    best, least = (trial[a], trial[b]), total
        now = _cost(evidence, places, a, places[a]) + _cost(evidence, places, b, places[b])
        if best is not None and least is not None and least < now:
            places[a], places[b] = best
            moved = True
    return moved


def _best_inside(
    evidence: Evidence, places: dict[int, Place], joint: int, corner: tuple[int, int]
) -> Place:
    options = [(corner[0] + dx, corner[1] + dy) for dx, dy in _OFFSETS]
    costs = [_cost(evidence, places, joint, place) for place in options]
    least = min(costs)
    good = [place for place, value in zip(options, costs, strict=True) if value == least]
    middle = (sum(p[0] for p in good) / len(good), sum(p[1] for p in good) / len(good))
    # The good places need not be convex; their middle may be none of them.
    if _cost(evidence, places, joint, middle) > least:
        return min(good, key=lambda p: (p[0] - middle[0]) ** 2 + (p[1] - middle[1]) ** 2)
    return middle
