"""What the hands hold in the preview: behind the actor or before him, as its arm is."""

from __future__ import annotations

from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.held_things import Holder
from mf_backend.body.person import PersonModel
from mf_backend.body.surfaces.names import ARMS, TRUNK
from mf_backend.compositing.held_mattes import HeldMattes
from mf_backend.compositing.held_pictures import HeldPictures
from mf_backend.compositing.mattes import source_matte
from mf_backend.contracts.conditions import Conditions
from mf_backend.contracts.frames import FrameSource, Picture
from mf_backend.engines.preview.order import drawing_order

Mask = NDArray[np.uint8]


class _Depth(Enum):
    """Where a hand is, as seen from the camera."""

    BEHIND = auto()
    """Behind the body."""
    BEFORE = auto()


_ARM = dict(zip((Holder.RIGHT, Holder.LEFT), ARMS, strict=True))


class Held:
    """Draws what the hands hold."""

    def __init__(self, conditions: Conditions, clip: FrameSource) -> None:
        self._conditions = conditions
        self._mattes = HeldMattes(conditions)
        self._pictures = HeldPictures(
            clip.read, lambda index: source_matte(conditions, index), self._mattes.held
        )

    def bare(self, index: int) -> Mask:
        """The matte [H, W] of a frame of the clip without what is held: it is drawn apart."""
        return self._mattes.bare(index)

    def behind(self, index: int, below: Picture, model: PersonModel) -> Picture:
        """`below` [H, W, 3] with what hands behind the body hold; to be drawn before the actor."""
        return self._drawn(index, below, model, _Depth.BEHIND)

    def before(self, index: int, drawn: Picture, model: PersonModel) -> Picture:
        """`drawn` [H, W, 3], which has the actor, with what the other hands hold."""
        return self._drawn(index, drawn, model, _Depth.BEFORE)

    def _drawn(self, index: int, below: Picture, model: PersonModel, wanted: _Depth) -> Picture:
        carried = self._mattes.things.at(index)
        if not carried or not model.target.present[index]:
            return below
        positions = self._conditions.target_positions
        deep = None if positions is None else positions[index]
        order = drawing_order(model.target.points[index], model.target_widths, deep)
        for one in sorted(carried, key=lambda one: order.index(_ARM[one.holder])):
            hidden = order.index(_ARM[one.holder]) < order.index(TRUNK)
            depth = _Depth.BEHIND if hidden else _Depth.BEFORE
            if depth is wanted:
                below = self._pictures.draw(one, below)
        return below
