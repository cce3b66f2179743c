"""The actor measured: his skeleton in clip and target, and how wide he is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.body.kept_widths import kept_widths
from mf_backend.body.limb_widths import BodyWidths
from mf_backend.body.whole_skeleton import FullSkeleton, complete
from mf_backend.contracts.findings import NO_FINDINGS, Findings

Mask = NDArray[np.uint8]

_WORKING_SIDE = 640
"""Longest side in pixels at which masks are predicted; they are smooth and enlarged after."""
_MOST_CANDIDATES = 48


@dataclass(frozen=True)
class PersonModel:
    """What drawing the actor needs, in pixels of the pictures it is used on."""

    source: FullSkeleton
    target: FullSkeleton
    widths: BodyWidths
    """The actor's half widths in the source."""
    ratio: float
    """Source pixels for one target pixel: the person's size in both."""
    candidates: NDArray[np.int64]
    """Frames with a usable mask."""

    def scaled(self, factor: float) -> PersonModel:
        """The same model for pictures `factor` times as large."""
        skeletons = [
            FullSkeleton((s.points + 0.5) * factor - 0.5, s.seen, s.unit * factor, s.present)
            for s in (self.source, self.target)
        ]
        widths = self.widths.scaled(factor)
        return PersonModel(skeletons[0], skeletons[1], widths, self.ratio, self.candidates)

    @property
    def target_widths(self) -> BodyWidths:
        """The actor's half widths at the target's size."""
        return self.widths.scaled(1 / self.ratio)


def working_scale(size: tuple[int, int]) -> float:
    """The scale, at most 1, at which masks of a clip of `size` are predicted."""
    return min(1.0, _WORKING_SIDE / max(size))


def model_person(
    source_joints: NDArray[Any],
    target_joints: NDArray[Any],
    source_mask: Callable[[int], Mask],
    size: tuple[int, int],
    scale: float = 1.0,
    ratio: float = 1.0,
    findings: Findings = NO_FINDINGS,
) -> PersonModel | None:
    """Measure the actor; joints [frames, 60, 2] in pixels of a picture of `size`.

    `source_mask(i)` gives the mask at that size; `scale` shrinks everything returned (and masks
    while measuring). `ratio` is the actor's size over the target's. None where no frame has a mask.
    `findings` keep the widths.
    """
    import cv2

    small = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
    shrink = np.array(small) / np.array(size)
    source_small = np.asarray(source_joints, np.float64) * shrink
    target_small = np.asarray(target_joints, np.float64) * shrink
    source, target = complete(source_small, small), complete(target_small)
    count = len(source.points)
    wanted = np.unique(np.linspace(0, count - 1, min(count, _MOST_CANDIDATES)).round().astype(int))
    masks: dict[int, Mask] = {}
    for i in wanted:
        mask = cv2.resize(source_mask(int(i)), small, interpolation=cv2.INTER_AREA)
        if (mask >= 128).sum() > 0.002 * mask.size and source.seen[i, 1]:
            masks[int(i)] = mask
    if not masks:
        return None
    widths = kept_widths(findings, source, masks)
    return PersonModel(source, target, widths, ratio, np.array(sorted(masks)))
