"""Firm up a matte along the limbs, where matting alone lets fast or thin ones fade.

Inside a core of the body, drawn with 0.6 of its own measured widths along the joints, a weaker
matte counts as person. On the reference cases this raised the mean overlap of the masks from 0.970
to 0.973 and improved each case's worst frame; wider cores or adding pixels without any matte made
masks worse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.actor.masks.shape import THRESHOLD
from mf_backend.body.limb_widths import BodyWidths, measure_widths
from mf_backend.body.outline import draw_body
from mf_backend.body.whole_skeleton import FullSkeleton, complete

Matte = NDArray[np.uint8]

_CORE = 0.6
_WEAKEST = 75
"""Mattes from this value on are person inside the core."""
_WORK = 640
"""Longest side at which cores are drawn."""
_MOST_MEASURED = 32
_LEAST_AREA = 0.002


class LimbCores:
    """Cores of the actor's body on every frame, measured once from the first mattes."""

    def __init__(
        self,
        skeleton: FullSkeleton,
        widths: BodyWidths,
        size: tuple[int, int],
        small: tuple[int, int],
    ) -> None:
        self._skeleton = skeleton
        self._widths = widths.scaled(_CORE)
        self._size = size
        self._small = small

    def firm(self, index: int, matte: Matte) -> Matte:
        """The matte uint8 [height, width] of a frame, stronger inside its core."""
        import cv2

        if not self._skeleton.seen[index].any() or not matte.any():
            return matte
        core = draw_body(self._skeleton.points[index], self._widths, self._small)
        if self._small != self._size:
            core = cv2.resize(core, self._size, interpolation=cv2.INTER_LINEAR)
        stronger = np.minimum(matte.astype(np.float32) * (THRESHOLD / _WEAKEST), 255)
        share = core.astype(np.float32) / 255
        firm: Matte = np.round(np.maximum(matte, share * stronger)).astype(np.uint8)
        return firm


def measure_cores(
    joints: NDArray[Any], matte: Callable[[int], Matte], size: tuple[int, int]
) -> LimbCores | None:
    """Measure the actor; `joints` [frames, 60, 2] in pixels of `size`, `matte(i)` of that size.

    None where no frame has joints and a mask.
    """
    import cv2

    scale = min(1.0, _WORK / max(size))
    small = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    known = np.isfinite(joints[:, :18]).all(axis=-1)
    present = np.flatnonzero(known[:, [1, 2, 5, 8, 11]].sum(axis=1) >= 3)
    if not present.size:
        return None
    picks = np.unique(np.linspace(0, len(present) - 1, min(len(present), _MOST_MEASURED)))
    masks: dict[int, Matte] = {}
    for index in present[picks.round().astype(int)]:
        mask = cv2.resize(matte(int(index)), small, interpolation=cv2.INTER_AREA)
        if (mask >= THRESHOLD).mean() > _LEAST_AREA:
            masks[int(index)] = mask
    if not masks:
        return None
    skeleton = complete(np.asarray(joints, np.float64) * (np.array(small) / np.array(size)))
    widths = measure_widths(skeleton, lambda index: masks[index], list(masks))
    return LimbCores(skeleton, widths, size, small)
