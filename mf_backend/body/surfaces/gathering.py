"""Each surface of the actor in the target pose, from the frames of the clip that show it best."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.person import PersonModel
from mf_backend.body.surfaces.evidence import Evidence, gather
from mf_backend.body.surfaces.likeness import choose
from mf_backend.body.surfaces.maps import view
from mf_backend.body.surfaces.names import Surface
from mf_backend.body.surfaces.texture import Drawn, Sample, draw_surface

Mask = NDArray[np.uint8]

_FADE = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1], np.float64) / 25
"""Weights over neighbouring frames with which one source frame fades into the next."""
_MOST_FRAMES = 16
"""Frames of the clip kept in memory at once."""
_FILLS = 5
"""Frames that are asked for what the first ones do not show."""
_VARIETY = 0.5
"""How much likeness is given up for a frame unlike those asked before, in which another part of the
surface may be covered."""
_FILL_WEIGHT = 0.03
_MIRROR_WEIGHT = 0.004


class ActorSurfaces:
    """The actor's surfaces; frames of the clip are read when first needed."""

    def __init__(
        self,
        model: PersonModel,
        size: tuple[int, int],
        matte: Callable[[int], Mask],
        read: Callable[[int], Mask] | None = None,
        over: Callable[[int], Mask | None] | None = None,
        world: NDArray[np.float32] | None = None,
    ) -> None:
        """`size` (width, height) is that of the pictures of `model`, `matte(i)` [h, w] and
        `read(i)` [h, w, 3]. Without `read` the surfaces are drawn without colours.

        `over(i)` [h, w]: what may hide the actor in a frame (255), where his matte tells nothing.
        `world` [frames, 60, 3]: his joints in metres, where they are known, see `gather`.
        """
        self.model = model
        self.size = size
        self._matte, self._read, self._over, self._world = matte, read, over, world
        self._frames: OrderedDict[int, Evidence | None] = OrderedDict()
        self._choice = choose(
            model.source, model.target, model.widths, model.candidates, size, model.ratio
        )

    def draw(self, surface: Surface, index: int) -> Drawn | None:
        """A surface on target frame `index`; None where it is outside, or no frame shows any."""
        model = self.model
        seen = view(surface, model.target.points[index], model.target_widths, self.size)
        if seen is None:
            return None
        first = self._samples(self._first(surface, index))
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
        """Source frames for what the first ones do not show: like the target, unlike those."""
        choice, candidates = self._choice[surface.name], self.model.candidates
        around = self._around(index, len(choice.cost))
        cost = choice.cost[around].T @ _FADE
        used = {frame for frame, _, _ in self._first(surface, index)}
        asked = np.isin(candidates, sorted(used))
        out = []
        for _ in range(min(_FILLS, int((~asked).sum()))):
            new = np.clip(choice.apart[:, asked].min(1), 0, 1)
            k = int(np.argmin(np.where(asked, np.inf, cost - _VARIETY * new)))
            asked[k] = True
            weight = _FILL_WEIGHT * float(np.exp(-2 * (cost[k] - cost.min())))
            out.append((int(candidates[k]), weight, False))
        if surface.mirror:
            other = self._choice[surface.mirror].cost[around].T @ _FADE
            out.append((int(candidates[int(np.argmin(other))]), _MIRROR_WEIGHT, True))
        return out

    def _evidence(self, frame: int) -> Evidence | None:
        if frame not in self._frames:
            source = self.model.source
            self._frames[frame] = gather(
                self._matte(frame), source.points[frame], source.seen[frame], self.model.widths,
                None if self._read is None else self._read(frame),
                None if self._over is None else self._over(frame),
                None if self._world is None else self._world[frame],
            )  # fmt: skip
            if len(self._frames) > _MOST_FRAMES:
                self._frames.popitem(last=False)
        self._frames.move_to_end(frame)
        return self._frames[frame]
