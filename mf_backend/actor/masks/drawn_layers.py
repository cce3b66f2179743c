"""What becomes of a frame's masks where a person drew layers over it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.shape import widen
from mf_backend.actor.mends.mask_layers import MaskRole

Mask = NDArray[np.uint8]

HELD_BY = {MaskRole.RIGHT_HAND: 128, MaskRole.LEFT_HAND: 255}
"""How a picture of what hands hold says which hand it is."""


@dataclass(frozen=True)
class FrameMasks:
    """Everything that is known of the actor's pixels in a frame, uint8 [H, W] each."""

    hard: Mask
    """255 where the actor is replaced, 0 elsewhere."""
    alpha: Mask
    """The matte."""
    held: Mask
    """Which hand holds a pixel, see HELD_BY; 0 none."""
    front: Mask
    """255 where something is in front of the actor, 0 elsewhere."""


def with_layers(
    found: FrameMasks, layers: Iterable[tuple[MaskRole, Mask]], widening: float
) -> FrameMasks:
    """`found` with layers drawn over it, the first one first; a layer's picture is uint8 [H, W].

    What is added to the hard mask is widened by `widening` pixels of a picture whose shorter side
    is 512, as an estimated mask is; what is cut out or in front goes exactly where it was drawn.
    """
    hard = found.hard >= 128
    alpha, held, front = found.alpha, found.held, found.front
    for role, drawn in layers:
        inside = drawn >= 128
        if role in (MaskRole.CUT, MaskRole.FRONT):
            alpha = np.minimum(alpha, 255 - drawn)
            hard = hard & ~inside
            held = np.where(inside, 0, held)
            if role is MaskRole.FRONT:
                front = np.where(inside, 255, front)
            continue
        alpha = np.maximum(alpha, drawn)
        front = np.where(inside, 0, front)
        hard = hard | (widen(inside, widening) & (front < 128))
        if role in HELD_BY:
            held = np.where(inside, HELD_BY[role], held)
    return FrameMasks(*(np.asarray(part, np.uint8) for part in (hard * 255, alpha, held, front)))
