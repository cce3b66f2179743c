"""Joints read back from skeleton pictures by their colours; the inverse of `draw`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.evidence import SHARED, Evidence, Place
from mf_backend.skeleton.joints import BODY, JOINT_COUNT, LEFT_HAND, LIMBS, RIGHT_HAND
from mf_backend.skeleton.read_hands import read_hands
from mf_backend.skeleton.refine import recover, refine

Points = NDArray[np.float64]

_NECK = 1
# Several people may be in a picture; a hand has 21 discs of a knee's colour.
_MOST, _MOST_SHARED = 6, 60


def _assign(
    neck: Place | None, options: list[list[tuple[float, Place]]], evidence: Evidence
) -> tuple[int, dict[int, Place]]:
    """(pixels explained, joint to integer disc centre) of the person with this neck."""
    places: dict[int, Place] = {}
    explained = 0
    if neck is not None:
        places[_NECK] = neck
    for limb, (parent, joint) in enumerate(LIMBS):
        seen = evidence.limb_pixels(limb)
        if parent in places and seen and options[joint]:
            start = _centre(places[parent])
            costs = [evidence.limb_cost(limb, start, _centre(place)) for _, place in options[joint]]
            best = int(np.argmin(costs))
            # A colour that hands share needs more than an accidental overlap.
            if costs[best] < (0.5 * seen if joint in SHARED else seen):
                places[joint] = options[joint][best][1]
                explained += seen - costs[best]
        if options[joint] and joint not in places and joint not in SHARED:
            places[joint] = options[joint][0][1]
    # A joint of a shared colour whose parent is hidden is told by the limb that leads on from it.
    for limb, (joint, following) in enumerate(LIMBS):
        seen = evidence.limb_pixels(limb)
        if joint in SHARED and joint not in places and following in places and seen:
            end = _centre(places[following])
            costs = [evidence.limb_cost(limb, _centre(place), end) for _, place in options[joint]]
            if costs and min(costs) < 0.5 * seen:
                places[joint] = options[joint][int(np.argmin(costs))][1]
    return explained, places


def _centre(place: Place) -> Place:
    return place[0] + 0.5, place[1] + 0.5


def read_body(picture: NDArray[np.uint8], refined: bool = True) -> Points:
    """Body joints float64 [18, 2] of one skeleton picture uint8 [H, W, 3] (R G B), NaN absent.

    Of several people the one with most limb pixels is read. A disc gives its joint to the pixel
    (drawing truncates), so it is at the integer centre plus 0 to 1; `refined` narrows that by the
    shapes of the limbs and finds joints that are covered or outside the picture, else the middle
    of the pixel is returned for those that are seen.
    """
    return _read_body(Evidence(picture), refined)


def _read_body(evidence: Evidence, refined: bool) -> Points:
    options = [
        evidence.disc_candidates(k, _MOST_SHARED if k in SHARED else _MOST)
        for k in range(BODY.stop)
    ]
    necks: list[Place | None] = [place for _, place in options[_NECK]] or [None]
    _, places = max((_assign(neck, options, evidence) for neck in necks), key=lambda one: one[0])
    places = {k: _centre(place) for k, place in places.items()}
    if refined:
        free = set()
        for limb in range(2 * len(LIMBS)):
            for joint in LIMBS[limb % len(LIMBS)]:
                place = None if joint in places else recover(joint, places, evidence)
                if place is not None:
                    places[joint] = place
                    free.add(joint)
        places = refine(places, free, evidence)
    joints = np.full((BODY.stop, 2), np.nan)
    for k, place in places.items():
        joints[k] = place
    return joints


def read_joints(picture: NDArray[np.uint8]) -> Points:
    """All joints float64 [60, 2] of one skeleton picture uint8 [H, W, 3] (R G B), NaN absent.

    Of the body see `read_body`, of the hands `read_hands`.
    """
    evidence = Evidence(picture)
    joints = np.full((JOINT_COUNT, 2), np.nan)
    joints[BODY] = _read_body(evidence, refined=True)
    joints[LEFT_HAND], joints[RIGHT_HAND] = read_hands(evidence, joints[BODY])
    return joints
