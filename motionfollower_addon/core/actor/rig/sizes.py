"""How large an actor is in a scene whose ground lies at height zero."""

from __future__ import annotations

import numpy as np

from ..lifting.body import POINT
from ..lifting.found import Sighting
from ..lifting.whole import Lifted

_ANKLE = 0.11
"""Metres over the ground of a usual person's ankle, in shoes, where pictures are marked."""
_SMALLEST, _LARGEST = 0.4, 2.5
"""A ground that makes a figure smaller or larger than this times its size is not the clip's."""


def grounded(found: Sighting, lifted: Lifted, scale: float) -> float | None:
    """The size, in usual people, at which the actor's feet stand at height zero.

    Nearer to the camera and smaller, or farther and larger, he looks the same. None where no such
    size is a person's: a camera that was never put where the clip's was.
    """
    ankles = lifted.points[:, [POINT["right_ankle"], POINT["left_ankle"]], 2].min(axis=1)
    camera = found.views.places[:, 2]
    drop = camera - ankles + _ANKLE * scale
    shares = camera[drop > 0] / drop[drop > 0]
    if not len(shares):
        return None
    share = float(np.median(shares))
    return scale * share if _SMALLEST <= share <= _LARGEST else None
