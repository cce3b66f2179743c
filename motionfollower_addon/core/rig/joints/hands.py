"""What is drawn of a hand that a rig has only in part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import FINGERS, LEFT_HAND, RIGHT_HAND

# A hand of one or two fingers looks like nothing the network has seen; leave such a hand out.
FEWEST_FINGERS = 3


def finish_hands(joints: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put the wrists into the hands and drop hands with too few whole fingers; [60, 2] or [60, 3].

    Works on NaN for absent and returns a copy.
    """
    result = joints.copy()
    for hand, wrist in ((LEFT_HAND, 7), (RIGHT_HAND, 4)):
        part = result[hand]
        there = np.isfinite(part[1:]).all(axis=-1).reshape(len(FINGERS), 4)
        # A finger with a missing bone would be drawn as loose dots.
        broken = np.repeat(~there.all(axis=1), 4)
        part[1:][broken] = np.nan
        if there.all(axis=1).sum() < FEWEST_FINGERS or not np.isfinite(joints[wrist]).all():
            part[:] = np.nan
        else:
            part[0] = joints[wrist]
    return result
