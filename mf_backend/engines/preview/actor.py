"""The actor in the target pose: layers cut from the clip, warped and blended over time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.layers import Cut, Layer, cut
from mf_backend.body.sprites import Sprite, cut_sprite, drawing_order, warp_sprite
from mf_backend.contracts.frames import Picture
from mf_backend.retarget.target_mask import PersonModel

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

_FADE = np.array([1, 2, 3, 2, 1], np.float64)
"""Weights over neighbouring frames with which one source frame fades into the next."""
_MOST_FRAMES = 4
"""Cut frames kept in memory at once; at 1920x1080 one takes about 50 MB."""
_MOST_SPRITES = 40


class Actor:
    """Draws the actor; sprites are cut when first needed."""

    def __init__(
        self,
        model: PersonModel,
        read: Callable[[int], Picture],
        matte: Callable[[int], Mask],
        size: tuple[int, int],
    ) -> None:
        self._model, self._read, self._matte, self._size = model, read, matte, size
        self._frames: OrderedDict[int, tuple[Picture, Mask, Cut | None]] = OrderedDict()
        self._sprites: OrderedDict[tuple[str, int], Sprite | None] = OrderedDict()

    def draw(self, index: int, below: Picture) -> Picture:
        """The actor of target frame `index` over the picture `below` [H, W, 3]."""
        if not self._model.target.present[index]:
            return below
        points = self._model.target.points[index]
        out = below.astype(np.float32)
        for layer in drawing_order(points):
            drawn = self._layer(layer, index)
            if drawn is None:
                continue
            (x0, y0, x1, y1), colour, alpha = drawn
            part = out[y0:y1, x0:x1]
            part *= 1 - alpha[..., None]
            part += colour
        return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)

    def _layer(
        self, layer: Layer, index: int
    ) -> tuple[tuple[int, int, int, int], Floats, Floats] | None:
        """Box, colour times alpha [h, w, 3] and alpha [h, w] of a layer; None where outside."""
        total: tuple[tuple[int, int, int, int], Floats, Floats] | None = None
        for frame, share in self._shares(layer, index):
            sprite = self._sprite(layer, frame)
            if sprite is None:
                continue
            drawn = warp_sprite(
                sprite,
                self._model.target.points[index],
                self._model.target_widths,
                self._model.ratio,
                self._size,
            )
            if drawn is None:
                continue
            box, picture = drawn
            alpha = picture[..., 3].astype(np.float32) * np.float32(share / 255)
            colour = picture[..., :3].astype(np.float32) * alpha[..., None]
            if total is None:
                total = (box, colour, alpha)
            else:
                total = (box, total[1] + colour, total[2] + alpha)
        return total

    def _shares(self, layer: Layer, index: int) -> list[tuple[int, float]]:
        """Source frames that supply a layer now, and how much each."""
        choice = self._model.choice[layer.name]
        reach = len(_FADE) // 2
        around = np.clip(np.arange(index - reach, index + reach + 1), 0, len(choice) - 1)
        shares: dict[int, float] = {}
        for frame, weight in zip(choice[around], _FADE / _FADE.sum(), strict=True):
            shares[int(frame)] = shares.get(int(frame), 0.0) + float(weight)
        return sorted(shares.items())

    def _sprite(self, layer: Layer, frame: int) -> Sprite | None:
        key = (layer.name, frame)
        if key not in self._sprites:
            picture, matte, pieces = self._cut(frame)
            points = self._model.source.points[frame]
            self._sprites[key] = (
                None
                if pieces is None
                else cut_sprite(layer, pieces, matte, points, self._model.widths, picture)
            )
            if len(self._sprites) > _MOST_SPRITES:
                self._sprites.popitem(last=False)
        self._sprites.move_to_end(key)
        return self._sprites[key]

    def _cut(self, frame: int) -> tuple[Picture, Mask, Cut | None]:
        if frame not in self._frames:
            matte = self._matte(frame)
            picture = self._read(frame)
            pieces = cut(matte, self._model.source.points[frame], self._model.widths, picture)
            self._frames[frame] = (picture, matte, pieces)
            if len(self._frames) > _MOST_FRAMES:
                self._frames.popitem(last=False)
        self._frames.move_to_end(frame)
        return self._frames[frame]
