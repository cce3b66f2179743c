"""Firm up a matte along the limbs and in the head, where matting alone lets them fade.

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
from mf_backend.body.limb_widths import BodyWidths, head_directions, measure_widths
from mf_backend.body.outline import draw_body
from mf_backend.body.whole_skeleton import HEAD, FullSkeleton, complete
from mf_backend.contracts.frames import Picture

Matte = NDArray[np.uint8]
Floats = NDArray[np.float32]

_CORE = 0.6
_WEAKEST = 75
"""Mattes from this value on are person inside the core."""
_HEAD = 1.25
"""Size of the head's surroundings over its outline: hair stands off."""
_HAIR, _RIM = 64, 2.0
"""Mattes from this value on may be hair, the more so up to so many pixels at 512 from where the
matte falls below it."""
_BACKGROUND, _ABOUT = 24, 8.0
"""Mattes below this value are background, and how far about them their colour goes, pixels at 512.
"""
_ALIKE, _UNLIKE = 40.0, 70.0
"""Differences from the background, 0..255: hair of its colour, and what the matte tells well."""
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
        self._head = widths.head * _HEAD
        self._size = size
        self._small = small

    def firm(self, index: int, matte: Matte, frame: Picture) -> Matte:
        """The matte uint8 [height, width] of a `frame` [height, width, 3], stronger inside its core
        and where hair looks like its background."""
        import cv2

        if not self._skeleton.seen[index].any() or not matte.any():
            return matte
        core = draw_body(self._skeleton.points[index], self._widths, self._small)
        if self._small != self._size:
            core = cv2.resize(core, self._size, interpolation=cv2.INTER_LINEAR)
        stronger = np.minimum(matte.astype(np.float32) * (THRESHOLD / _WEAKEST), 255)
        share = core.astype(np.float32) / 255
        firm: Matte = np.round(np.maximum(matte, share * stronger)).astype(np.uint8)
        return self._with_hair(index, firm, frame)

    def _with_hair(self, index: int, matte: Matte, frame: Picture) -> Matte:
        """The matte, whole where hair is of its background's colour, but for the rim."""
        import cv2

        box = self._about_head(index)
        if box is None:
            return matte
        rows, columns, about = box
        part = matte[rows, columns]
        scale = max(1.0, min(self._size) / 512)
        # Beyond the picture he goes on: its edge is no rim.
        solid = cv2.copyMakeBorder(
            (part >= _HAIR).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE
        )
        inside = cv2.distanceTransform(solid, cv2.DIST_L2, 3)[1:-1, 1:-1] / scale
        share = cv2.GaussianBlur(about, (0, 0), 2.0 * scale) * np.clip(inside / _RIM, 0, 1)
        colour = frame[rows, columns].astype(np.float32)
        free = (part < _BACKGROUND).astype(np.float32)
        reach = (0, 0), _ABOUT * scale
        mass = np.maximum(cv2.GaussianBlur(free, *reach), 1e-4)[..., None]
        usual = cv2.GaussianBlur(colour * free[..., None], *reach) / mass
        unlike = np.abs(cv2.GaussianBlur(colour, (0, 0), 0.7 * scale) - usual).max(axis=2)
        share *= np.clip((_UNLIKE - unlike) / (_UNLIKE - _ALIKE), 0, 1)
        out = matte.copy()
        out[rows, columns] = np.rint(part + (255 - part) * share).astype(np.uint8)
        return out

    def _about_head(self, index: int) -> tuple[slice, slice, Floats] | None:
        """Rows and columns about the head, and where in them head and hair may be, float32 0 or 1;
        None where no head is seen."""
        import cv2

        if not self._skeleton.seen[index][HEAD]:
            return None
        neck, head = self._skeleton.points[index][[1, HEAD]]
        outline = head + self._head[:, None] * head_directions(head - neck)
        outline = outline * (np.array(self._size) / np.array(self._small))
        margin = _ABOUT * max(1.0, min(self._size) / 512)
        low = np.clip(np.floor(outline.min(0) - margin).astype(int), 0, self._size)
        high = np.clip(np.ceil(outline.max(0) + margin).astype(int), 0, self._size)
        if (high - low).min() < 3:
            return None
        about = np.zeros((high - low)[::-1], np.float32)
        cv2.fillPoly(about, [np.rint(outline - low).astype(np.int32)], 1.0)
        return slice(low[1], high[1]), slice(low[0], high[0]), about


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
