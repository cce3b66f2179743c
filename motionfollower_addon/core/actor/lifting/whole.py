"""From an actor in the picture to a figure in space, whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import JOINT_COUNT, LEFT_HAND, RIGHT_HAND

from .body import INNER, JOINT_OF, POINT
from .exact import exact
from .first_guess import first_guess
from .fitting import fit
from .found import SURE, Sighting
from .hands import Hand, lift_hand

Array = NDArray[np.float64]

SIDES = (("right", RIGHT_HAND), ("left", LEFT_HAND))


@dataclass(frozen=True)
class Lifted:
    """An actor in space over `n` frames."""

    points: Array
    """[n, points, 3] of the body, in the world."""
    lengths: dict[str, float]
    """Metres of its bones by group."""
    hands: dict[str, Hand]
    """By side."""

    @property
    def joints(self) -> Array:
        """The skeleton's joints [n, 60, 3]; the neck between the shoulders."""
        joints = np.empty((len(self.points), JOINT_COUNT, 3))
        joints[:, list(JOINT_OF)] = self.points[:, len(INNER) :]
        shoulders = [POINT["right_shoulder"], POINT["left_shoulder"]]
        joints[:, 1] = self.points[:, shoulders].mean(axis=1)
        for side, part in SIDES:
            joints[:, part] = self.hands[side].points
        return joints


def lift(found: Sighting, scale: float = 1.0) -> Lifted:
    """Put an actor into space, `scale` times as large as a usual person."""
    figure = fit(found, first_guess(found, scale), scale)
    points = exact(found, figure, scale)
    hands = {}
    for side, part in SIDES:
        wrist, elbow = points[:, POINT[f"{side}_wrist"]], points[:, POINT[f"{side}_elbow"]]
        forearm = wrist - elbow
        forearm = forearm / np.linalg.norm(forearm, axis=-1, keepdims=True)
        sure = (found.spread[:, part][:, 1:] <= SURE).all(axis=1)
        hands[side] = lift_hand(found.views, found.joints[:, part], sure, wrist, forearm, scale)
    return Lifted(points, figure.lengths, hands)
