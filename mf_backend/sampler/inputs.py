"""What a sampling run works from, checked before any work starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mf_backend.contracts.errors import InputError
from mf_backend.sampler.options import SamplerOptions

MULTIPLE = 64
Pictures = Sequence[NDArray[np.uint8]] | NDArray[np.uint8]
Masks = Sequence[NDArray[Any]] | NDArray[Any]


@dataclass(frozen=True)
class SamplerInputs:
    """Frames and poses uint8 [H, W, 3], masks [H, W] (not zero = person), one a frame.

    Each is a sequence; a lazy one that opens a file in `__getitem__` keeps memory small.
    """

    frames: Pictures
    source_poses: Pictures
    target_poses: Pictures
    source_masks: Masks
    target_masks: Masks

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the first frame."""
        height, width = self.frames[0].shape[:2]
        return int(height), int(width)

    def check(self, options: SamplerOptions) -> None:
        """Raise InputError where the parts do not fit together or the sampler cannot take them."""
        count = len(self.frames)
        if count == 0:
            raise InputError("no-frames", "The clip has no frames.", "Choose another clip.")
        for name, part in self._parts():
            if len(part) != count:
                raise InputError(
                    "count-mismatch",
                    f"There are {count} frames but {len(part)} {name}.",
                    "Give one for each frame.",
                )
        height, width = self.size
        if height < 8 or width < 8:
            raise InputError("too-small", f"Frames of {width}x{height} pixels are too small.")
        if not options.any_size and (height % MULTIPLE or width % MULTIPLE):
            raise InputError(
                "size",
                f"The released sampler needs sides that are multiples of {MULTIPLE}, "
                f"not {width}x{height}.",
                "Use the default sampler, which takes any size.",
            )

    def check_frame(self, i: int) -> None:
        """Raise InputError where frame `i` or what belongs to it has a wrong shape."""
        height, width = self.size
        for name, part in self._parts():
            shape = part[i].shape
            expected = (height, width) if "masks" in name else (height, width, 3)
            if tuple(shape) != expected:
                raise InputError(
                    "size-mismatch",
                    f"Number {i} of the {name} is {_text(shape)}, but the clip is "
                    f"{_text(expected)}.",
                    "Give all pictures and masks the clip's size; masks have one channel.",
                )

    def _parts(self) -> list[tuple[str, Pictures | Masks]]:
        return [
            ("frames", self.frames),
            ("source poses", self.source_poses),
            ("target poses", self.target_poses),
            ("source masks", self.source_masks),
            ("target masks", self.target_masks),
        ]


def _text(shape: Sequence[int]) -> str:
    if len(shape) < 2:
        return f"of shape {tuple(shape)}"
    channels = f" with {shape[2]} channels" if len(shape) > 2 else " with one channel"
    return f"{shape[1]}x{shape[0]}{channels}"
