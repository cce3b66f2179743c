"""The actor in the target pose: surfaces gathered from the clip, drawn from back to front."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.surfaces.evidence import Evidence, gather
from mf_backend.body.surfaces.likeness import choose
from mf_backend.body.surfaces.maps import view
from mf_backend.body.surfaces.names import Surface
from mf_backend.contracts.frames import Picture
from mf_backend.engines.preview.order import drawing_order
from mf_backend.engines.preview.seams import close_gaps
from mf_backend.engines.preview.texture import Drawn, Sample, draw_surface
from mf_backend.retarget.target_mask import PersonModel

Mask = NDArray[np.uint8]
Floats = NDArray[np.float32]

_FADE = np.array([1, 2, 3, 2, 1], np.float64) / 9
"""Weights over neighbouring frames with which one source frame fades into the next."""
_MOST_FRAMES = 16
"""Frames of the clip kept in memory at once."""
_FILLS = 4
"""Frames that are asked for what the first ones do not show."""
_FILL_WEIGHT = 0.03
_MIRROR_WEIGHT = 0.004
_GAP = 0.1
"""Widest gap between surfaces that is closed, in torso lengths."""


class Actor:
    """Draws the actor; frames of the clip are read when first needed."""

    def __init__(
        self,
        model: PersonModel,
        read: Callable[[int], Picture],
        matte: Callable[[int], Mask],
        size: tuple[int, int],
        positions: NDArray[Any] | None = None,
    ) -> None:
        """`positions` [frames, 60, 3]: the target's joints in metres, where they are known."""
        self._model, self._read, self._matte, self._size = model, read, matte, size
        self._positions = positions
        self._frames: OrderedDict[int, Evidence | None] = OrderedDict()
        self._choice = choose(
            model.source, model.target, model.widths, model.candidates, size, model.ratio
        )

    def draw(self, index: int, below: Picture, mask: Mask) -> Picture:
        """The actor of target frame `index` over the picture `below` [H, W, 3].

        `mask` [H, W] is where he is expected (255); gaps between his limbs are closed there.
        """
        model = self._model
        if not model.target.present[index]:
            return below
        colour = np.zeros((*below.shape[:2], 3), np.float32)
        cover = np.zeros(below.shape[:2], np.float32)
        positions = None if self._positions is None else self._positions[index]
        widths = model.target_widths
        for surface in drawing_order(model.target.points[index], widths, positions):
            drawn = self._surface(surface, index)
            if drawn is None:
                continue
            x0, y0, x1, y1 = drawn.box
            behind = 1 - drawn.alpha
            part, over = colour[y0:y1, x0:x1], cover[y0:y1, x0:x1]
            part *= behind[..., None]
            part += drawn.colour * drawn.alpha[..., None]
            over *= behind
            over += drawn.alpha
        colour, cover = close_gaps(colour, cover, mask, _GAP * widths.unit)
        out = below.astype(np.float32) * (1 - cover[..., None]) + colour
        return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)

    def _surface(self, surface: Surface, index: int) -> Drawn | None:
        model = self._model
        seen = view(surface, model.target.points[index], model.target_widths, self._size)
        if seen is None:
            return None
        first = list(self._samples(self._first(surface, index)))
        return draw_surface(seen, first, self._samples(self._more(surface, index)), model.ratio)

    def _samples(self, shares: list[tuple[int, float, bool]]) -> Iterator[Sample]:
        for frame, weight, mirrored in shares:
            evidence = self._evidence(frame)
            if evidence is not None:
                yield Sample(evidence, weight, mirrored)

    def _around(self, index: int, count: int) -> NDArray[np.int64]:
        reach = len(_FADE) // 2
        return np.clip(np.arange(index - reach, index + reach + 1), 0, count - 1)

    def _first(self, surface: Surface, index: int) -> list[tuple[int, float, bool]]:
        """Source frames that supply a surface now: number, weight, whether of the other side."""
        first = self._choice[surface.name].first
        shares: dict[int, float] = {}
        for frame, weight in zip(first[self._around(index, len(first))], _FADE, strict=True):
            shares[int(frame)] = shares.get(int(frame), 0.0) + float(weight)
        return [(frame, weight, False) for frame, weight in sorted(shares.items())]

    def _more(self, surface: Surface, index: int) -> list[tuple[int, float, bool]]:
        """Source frames for what the first ones do not show, the likest first."""
        used = {frame for frame, _, _ in self._first(surface, index)}
        costs = self._choice[surface.name].cost
        around = self._around(index, len(costs))
        candidates = self._model.candidates
        cost = costs[around].T @ _FADE
        order = [k for k in np.argsort(cost, kind="stable") if int(candidates[k]) not in used]
        out = [
            (int(candidates[k]), _FILL_WEIGHT * float(np.exp(-2 * (cost[k] - cost.min()))), False)
            for k in order[:_FILLS]
        ]
        if surface.mirror:
            other = self._choice[surface.mirror].cost[around].T @ _FADE
            out.append((int(candidates[int(np.argmin(other))]), _MIRROR_WEIGHT, True))
        return out

    def _evidence(self, frame: int) -> Evidence | None:
        if frame not in self._frames:
            source = self._model.source
            self._frames[frame] = gather(
                self._read(frame), self._matte(frame), source.points[frame], source.seen[frame],
                self._model.widths,
            )  # fmt: skip
            if len(self._frames) > _MOST_FRAMES:
                self._frames.popitem(last=False)
        self._frames.move_to_end(frame)
        return self._frames[frame]
