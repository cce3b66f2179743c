"""Figures of a lifted actor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.skeleton.joints import BODY, LEFT_HAND, RIGHT_HAND
from motionfollower_addon.core.actor.lifting.body import LINKS
from motionfollower_addon.core.actor.lifting.exact import slides
from motionfollower_addon.core.actor.lifting.found import SURE, Sighting
from motionfollower_addon.core.actor.lifting.whole import Lifted

Array = NDArray[np.float64]

_LEAST = 8
"""Joints that a frame has to have, to be laid over another."""
_DERIVED = (1, LEFT_HAND.start, RIGHT_HAND.start)
"""Neck and hands' wrists: what a rig has there follows from its shoulders and arms."""


@dataclass(frozen=True)
class Figures:
    """One clip's."""

    off: float
    """Pixels that the worst joint that was found is off where it was found."""
    uneven: float
    """Share by which the length of the worst bone changes."""
    slide: float
    """Pixels that the worst standing foot strays from its mean place."""
    error: float
    """Mean distance of body joints from the truth in mm, each frame laid over it; NaN without."""
    estimator: float
    """The same of what the estimator guessed."""


def figures(found: Sighting, lifted: Lifted, truth: Array | None) -> Figures:
    """Score a lifted actor; `truth` [n, 60, 3] in metres, NaN absent."""
    apart = np.linalg.norm(found.views.pixels(lifted.joints) - found.joints, axis=-1)
    apart[found.spread > SURE] = np.nan
    apart[:, list(_DERIVED)] = np.nan
    return Figures(
        off=float(np.nanmax(apart)),
        uneven=_uneven(lifted),
        slide=max(slides(found, lifted.points), default=0.0),
        error=_aligned(lifted.joints, found, truth),
        estimator=_aligned(found.world, found, truth),
    )


def _uneven(lifted: Lifted) -> float:
    ends = np.array([(link.start, link.end) for link in LINKS])
    long = np.linalg.norm(lifted.points[:, ends[:, 1]] - lifted.points[:, ends[:, 0]], axis=-1)
    return float((np.ptp(long, axis=0) / long.mean(axis=0)).max())


def _aligned(joints: Array | None, found: Sighting, truth: Array | None) -> float:
    """Mean distance in mm of body joints that both have, moved, turned and scaled frame by frame.

    Joints that were not seen in the picture do not count.
    """
    if joints is None or truth is None:
        return float("nan")
    errors = []
    seen = np.isfinite(found.joints).all(axis=-1)
    for ours, theirs, known in zip(joints, truth, seen, strict=True):
        both = known & np.isfinite(ours).all(axis=-1) & np.isfinite(theirs).all(axis=-1)
        both[BODY.stop :] = False
        if both.sum() >= _LEAST:
            errors.append(_distance(ours[both], theirs[both]))
    return 1000 * float(np.concatenate(errors).mean()) if errors else float("nan")


def _distance(ours: Array, theirs: Array) -> Array:
    a, b = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    u, sizes, v = np.linalg.svd(a.T @ b)
    flip = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    scale = float((sizes * flip).sum() / (a * a).sum())
    apart: Array = np.linalg.norm(scale * a @ (u * flip) @ v - b, axis=-1)
    return apart
