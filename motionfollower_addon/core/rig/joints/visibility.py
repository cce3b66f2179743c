"""Which points of a face a detector would see from the camera.

The pose pictures come from a detector: with the back of the head to the camera they hold no nose
and no eyes, in profile neither the far eye nor the far ear. The limits were chosen for that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FACE = ("nose", "right_eye", "left_eye", "right_ear", "left_ear")

# Each point looks along a mix of the head's forward and sideways axes and is seen while the
# cosine between that and the direction towards the camera is above the limit. A nose is lost at
# about 107 degrees of turn, the far eye at 53, the far ear at 30; ears are seen from behind.
_NOSE_LIMIT = -0.3
_EYE_LIMIT = 0.0
_EAR_LIMIT = -0.5
_EYE_FORWARD, _EYE_SIDE = 0.8, 0.6


def visible_face(forward: Array, left: Array, towards: Array) -> dict[str, bool]:
    """Whether each point of `FACE` is seen; head axes and direction to the camera, unit [3]."""
    ahead, side = float(forward @ towards), float(left @ towards)
    return {
        "nose": ahead > _NOSE_LIMIT,
        "left_eye": _EYE_FORWARD * ahead + _EYE_SIDE * side > _EYE_LIMIT,
        "right_eye": _EYE_FORWARD * ahead - _EYE_SIDE * side > _EYE_LIMIT,
        "left_ear": side > _EAR_LIMIT,
        "right_ear": -side > _EAR_LIMIT,
    }


def in_order(names: dict[str, bool]) -> NDArray[np.bool_]:
    """The same as bool [5] in the order of `FACE`."""
    return np.array([names[name] for name in FACE])
