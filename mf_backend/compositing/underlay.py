"""Where the actor left, the clip's own background under what an engine generated.

A diffusion model invents what was behind the actor; where other frames of the clip saw it, the
background plate knows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.plate.background import BackgroundPlate, build_plate
from mf_backend.compositing.own_plate import Plate, plate_for
from mf_backend.compositing.shade import hidden_by, shade_of
from mf_backend.contracts.conditions import Conditions
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.contracts.progress import Reporter
from mf_backend.contracts.request import Settings

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

_CLEARANCE = 2.0
"""Pixels at 512 about the target mask that stay as generated: the new actor's own soft edge."""
_FEATHER = 8.0
"""Pixels at 512 over which the generated picture turns into the plate."""


def vacated_weight(source: Mask, target: Mask, painted: NDArray[np.bool_]) -> Floats:
    """How much of the plate each pixel takes, float32 [H, W] 0..1.

    1 where the actor was (hard mask `source`) and is no longer (`target`), with a ramp towards the
    target mask and towards `painted`, the pixels that no frame saw; 0 everywhere else.
    """
    import cv2

    vacated = (source >= 128) & (target < 128) & ~painted
    if not vacated.any():
        return np.zeros(source.shape, np.float32)
    scale = max(1.0, min(source.shape) / 512)

    def ramp(kept: NDArray[Any], clearance: float) -> Floats:
        if not kept.any():
            return np.ones(source.shape, np.float32)
        away = cv2.distanceTransform((~kept).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(np.clip((away / scale - clearance) / _FEATHER, 0, 1), np.float32)

    weight = ramp(target >= 128, _CLEARANCE) * ramp(painted, 0.0)
    return np.asarray(np.where(vacated, weight, 0), np.float32)


@contextmanager
def open_underlay(
    settings: Settings, clip: FrameSource, conditions: Conditions, reporter: Reporter
) -> Iterator[Underlay]:
    """Puts plate and shadows under generated frames; reads the clip once where it needs to."""

    def recovered() -> BackgroundPlate:
        return build_plate(clip, lambda i: hidden_by(conditions, i), reporter)

    with plate_for(settings, clip, recovered) as plate:
        yield Underlay(plate, conditions)


class Underlay:
    """Puts plate and shadows under generated frames. Made by `open_underlay`."""

    def __init__(self, plate: Plate, conditions: Conditions) -> None:
        self._conditions, self._plate = conditions, plate

    def under(self, index: int, frame: Picture, edited: Picture) -> tuple[Picture, Picture]:
        """`edited` [H, W, 3] with the plate where the actor left frame `index` (`frame`), and
        `frame` with the actor's shadow moved, over which it is to be laid."""
        conditions = self._conditions
        shade = shade_of(conditions, index)
        weight = vacated_weight(
            conditions.grey("source_masks", index),
            conditions.grey("target_masks", index),
            self._plate.painted(index),
        )[..., None]
        if not weight.any() and not shade.alpha.any():
            return edited, frame
        clean = self._plate.clean(index, frame, hidden_by(conditions, index))
        below = shade.onto(clean).astype(np.float32)
        mixed = edited.astype(np.float32) * (1 - weight) + below * weight
        over = np.where(weight > 0, np.rint(mixed), edited).astype(np.uint8)
        return over, shade.ground(frame, clean)
