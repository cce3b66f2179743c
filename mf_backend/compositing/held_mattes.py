"""Mattes of what the actor's hands hold, where it is in the clip and where it is carried."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.held_things import Carried, HeldThings, Holder
from mf_backend.compositing.mattes import held_by_hands, source_matte
from mf_backend.contracts.conditions import Conditions

Mask = NDArray[np.uint8]


def held_part(held: Mask, matte: Mask, holder: Holder) -> Mask:
    """The matte [H, W] of what one hand holds, soft where the drawn edge is."""
    import cv2

    inside = cv2.GaussianBlur((held == holder).astype(np.float32), (0, 0), 0.7)
    return np.asarray(np.rint(np.clip(2 * inside, 0, 1) * matte), np.uint8)


def without_held(held: Mask, matte: Mask) -> Mask:
    """The matte [H, W] of the actor alone."""
    return np.where(held > 0, 0, matte).astype(np.uint8)


def carried_matte(part: Mask, carried: Carried) -> Mask:
    """A matte [H, W] as it is carried."""
    import cv2

    height, width = part.shape
    moved = cv2.warpAffine(part, carried.matrix, (width, height), flags=cv2.INTER_LINEAR)
    return np.asarray(moved, np.uint8)


class HeldMattes:
    """What the hands hold over a clip, as mattes of its conditions."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self.things = HeldThings(
            conditions.source_joints, conditions.target_joints, self.held, conditions.actor_size
        )

    def held(self, index: int) -> Mask:
        """Which hand holds each pixel [H, W] of a frame of the clip."""
        return held_by_hands(self._conditions, index)

    def bare(self, index: int) -> Mask:
        """The matte [H, W] of a frame of the clip without what is held, which moves apart."""
        matte = source_matte(self._conditions, index)
        return without_held(self.held(index), matte) if self.things.any() else matte

    def carried(self, index: int) -> Mask:
        """The matte [H, W] of all that is carried in a frame of the target."""
        width, height = self._conditions.size
        matte = np.zeros((height, width), np.uint8)
        for one in self.things.at(index):
            found = source_matte(self._conditions, one.frame)
            part = held_part(self.held(one.frame), found, one.holder)
            matte = np.maximum(matte, carried_matte(part, one))
        return matte
