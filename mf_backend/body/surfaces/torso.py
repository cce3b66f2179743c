"""The torso's own pose, told from what raised arms do to the shoulders."""

from __future__ import annotations

import numpy as np

from mf_backend.body.whole_skeleton import MID_HIP, Points

_RISE = 0.05
"""Torso lengths by which a shoulder has risen when its arm points out to the side; twice as much
straight up. The body under it stays."""
_ARMS = ((2, 3), (5, 6))
_NECK, _FACE = 1, (0, 14, 15, 16, 17)


def lowered(points: Points) -> Points:
    """The skeleton [24, 2] with its shoulders, and the neck between them, as with hanging arms."""
    out = points.copy()
    down = points[MID_HIP] - points[_NECK]
    length = float(np.linalg.norm(down))
    if length < 1e-3:
        return out
    sunk = np.zeros(2)
    for shoulder, elbow in _ARMS:
        arm = points[elbow] - points[shoulder]
        reach = float(np.linalg.norm(arm))
        if reach < 1e-3:
            continue
        # 0 for a hanging arm, 1 for one out to the side, 2 for one straight up.
        raised = 1 - float(arm @ down) / (reach * length)
        # A foreshortened arm says little.
        raised *= min(1.0, reach / (0.4 * length))
        out[shoulder] = points[shoulder] + _RISE * raised * down
        sunk += _RISE * raised * down / 2
    out[_NECK] = points[_NECK] + sunk
    return out
