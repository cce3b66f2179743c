"""The mattes that finished frames are put together by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.conditions import Conditions

Mask = NDArray[np.uint8]


def source_matte(conditions: Conditions, index: int) -> Mask:
    """The actor's matte [H, W]; the hard mask where there is none."""
    soft = conditions.path("source_alpha", index).is_file()
    return conditions.grey("source_alpha" if soft else "source_masks", index)


def lying_over(conditions: Conditions, index: int) -> Mask | None:
    """What may hide the actor [H, W], 255: parts of the set in front of him and what he holds; None
    where there is neither."""
    over = held_by_hands(conditions, index) > 0
    if conditions.path("source_front", index).is_file():
        over |= conditions.grey("source_front", index) >= 128
    return np.where(over, 255, 0).astype(np.uint8) if over.any() else None


def held_by_hands(conditions: Conditions, index: int) -> Mask:
    """Which hand holds each of the actor's pixels [H, W]: 128 the right one, 255 the left one, 0
    none. What a hand holds moves with it as one piece, wherever it lies in the picture."""
    if not conditions.path("source_held", index).is_file():
        return np.zeros((conditions.size[1], conditions.size[0]), np.uint8)
    return conditions.grey("source_held", index)
