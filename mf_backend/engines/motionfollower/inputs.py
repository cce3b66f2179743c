"""What the sampler sees of a job: the window's frames, skeletons and masks, read when needed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from mf_backend.compositing.window import Window, plan_square, plan_window, union_box
from mf_backend.contracts.errors import InputError
from mf_backend.engines.base import EngineJob
from mf_backend.sampler.inputs import SamplerInputs
from mf_backend.skeleton.draw import draw_skeleton

_KEPT = 6
DRAWN_SIDE = 512
"""Side of the pictures that skeletons' strokes are made for."""
Array = NDArray[np.uint8]


class LazyPictures(Sequence[Array]):
    """Makes picture i when it is asked for; keeps the first and the latest few."""

    def __init__(self, count: int, make: Callable[[int], Array]) -> None:
        self._count = count
        self._make = make
        self._first: Array | None = None
        self._latest: OrderedDict[int, Array] = OrderedDict()

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        if index == 0 and self._first is not None:
            return self._first
        picture = self._latest.pop(index, None)
        if picture is None:
            picture = self._make(index)
        self._latest[index] = picture
        if index == 0:
            self._first = picture
        if len(self._latest) > _KEPT:
            self._latest.popitem(last=False)
        return picture


def check_job(job: EngineJob) -> None:
    """Refuse conditions that do not belong to the clip. Raises InputError."""
    clip, conditions = job.clip, job.conditions
    if clip.count < 1 or min(clip.size) < 1:
        raise InputError("no-frames", "The clip has no frames.", "Choose another clip.")
    if conditions.count != clip.count or len(conditions.target_joints) != clip.count:
        raise InputError(
            "count-mismatch",
            f"The clip has {clip.count} frames, but there are joints for {conditions.count} of the "
            f"actor and {len(conditions.target_joints)} of the target.",
            "Delete the job's work folder to make them again.",
        )
    if conditions.size != clip.size:
        raise InputError(
            "size-mismatch",
            f"The clip is {clip.size[0]}x{clip.size[1]}, but its masks and joints are "
            f"{conditions.size[0]}x{conditions.size[1]}.",
            "Delete the job's work folder to make them again.",
        )
    for who, joints in (("actor", conditions.source_joints), ("target", conditions.target_joints)):
        if not np.isfinite(joints).any():
            raise InputError(
                "no-skeleton",
                f"No joint of the {who} is known in any frame, so there is no motion to follow.",
                "Give the joints yourself, or choose a clip that shows the person.",
            )


def window_for(job: EngineJob, side: int, *, square: bool = False) -> Window:
    """One window for the clip around everything in the masks; reads each of them once.

    It has about side x side pixels, or exactly these where `square`: for networks that have seen
    nothing but squares.

    Raises InputError where a mask is missing, damaged or of another size.
    """
    conditions = job.conditions
    masks = (
        conditions.grey(kind, index)
        for index in range(conditions.count)
        for kind in ("source_masks", "target_masks")
    )
    box = union_box(masks)
    if square:
        return plan_square(box, conditions.size, side)
    return plan_window(box, conditions.size, side * side)


def draw_pose(joints: NDArray[np.float32], size: tuple[int, int], picture_side: int) -> Array:
    """The skeleton as networks that were trained on squares of `picture_side` pixels know it.

    `joints` [60, 2] in pixels of `size` (width, height). Strokes have one width in pixels, made for
    pictures of 512; for smaller ones they are drawn enlarged and shrunk, or hands would be blobs.
    """
    import cv2

    times = max(1, round(DRAWN_SIDE / picture_side))
    if times == 1:
        return draw_skeleton(joints, size)
    large = ((np.asarray(joints, np.float64) + 0.5) * times - 0.5).astype(np.float32)
    drawn = draw_skeleton(large, (size[0] * times, size[1] * times))
    return np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.uint8)


def sampler_inputs(job: EngineJob, window: Window, picture_side: int = DRAWN_SIDE) -> SamplerInputs:
    """The clip and its conditions in the window, for networks trained at `picture_side`."""
    conditions, count = job.conditions, job.clip.count

    def pose(joints: NDArray[np.float32]) -> LazyPictures:
        return LazyPictures(
            count, lambda i: draw_pose(window.joints(joints[i]), window.size, picture_side)
        )

    def mask(kind: str) -> LazyPictures:
        return LazyPictures(count, lambda i: window.crop_mask(conditions.grey(kind, i)))

    return SamplerInputs(
        frames=LazyPictures(count, lambda i: window.crop(job.clip.read(i))),
        source_poses=pose(conditions.source_joints),
        target_poses=pose(conditions.target_joints),
        source_masks=mask("source_masks"),
        target_masks=mask("target_masks"),
    )
