"""How a network's layers are run: at once, or in slices of frames and of space.

The UNet hands every layer to a runner instead of calling it. Only the temporal transformers mix
frames and only the others mix pixels, so each layer can go through in slices of the axis that it
does not mix. A second runner (`tape.TapeRunner`) also remembers what it ran, for gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

Layer = Callable[..., Tensor]
Composite = Callable[..., Tensor]
"""Takes a runner and the inputs."""


class Mixes(Enum):
    """Which axis of `[frames, channels, height, width]` a layer mixes; the other may be sliced."""

    SPACE = "space"
    FRAMES = "frames"


@dataclass(frozen=True)
class Slicing:
    """Largest slice of a layer's input, in frames and in rows x columns; None means whole."""

    frames: int | None = None
    pixels: int | None = None

    def parts(self, mixes: Mixes, shape: Sequence[int]) -> list[tuple[int, int, int]]:
        """(axis, start, length) of each slice of an input `[frames, channels, height, width]`."""
        if mixes is Mixes.SPACE:
            axis, size, step = 0, shape[0], self.frames
        else:
            axis, size = 2, shape[2]
            step = None if self.pixels is None else max(1, self.pixels // shape[3])
        step = size if step is None else min(step, size)
        return [(axis, start, min(step, size - start)) for start in range(0, size, step)]


WHOLE = Slicing()


class Runner:
    """Runs layers without keeping anything for a backward pass.

    `run` takes the tensors that a gradient may flow to (`inputs`) apart from those that stay
    fixed (`fixed`: cross-attention, appearance features, foreign keys); both are sliced along
    frames. A `None` among them stays None.
    """

    moves = True
    """Whether motion modules run; without them frames are pictures that do not know each other."""

    def __init__(self, slicing: Slicing = WHOLE) -> None:
        self.slicing = slicing

    def run(
        self,
        mixes: Mixes,
        layer: Layer,
        inputs: Sequence[Tensor],
        fixed: Sequence[Tensor | None] = (),
    ) -> Tensor:
        """`layer(*inputs, *fixed)`, slice by slice."""
        parts = self.slicing.parts(mixes, inputs[0].shape)
        if len(parts) == 1:
            return layer(*inputs, *fixed)
        # Filling one result in place keeps the peak at one output; joining a list would hold two.
        result: Tensor | None = None
        for part in parts:
            piece = layer(*narrow(part, inputs), *narrow(part, fixed))
            if result is None:
                result = _like_whole(piece, part, inputs[0])
            result.narrow(*part).copy_(piece)
        assert result is not None
        return result

    def composite(
        self, layer: Composite, inputs: Sequence[Tensor], *, large: bool = False
    ) -> Tensor:
        """A layer that itself runs several sliced layers; `large` ones hold heavy layers."""
        return layer(self, *inputs)

    def end_of_gradients(self) -> None:
        """No gradient is wanted of anything that runs from here on."""


def narrow(part: tuple[int, int, int], tensors: Sequence[Tensor | None]) -> list[Tensor | None]:
    """The slice `part` (axis, start, length) of each tensor; a leading 1 broadcasts, so stays."""
    axis, start, length = part
    return [
        None
        if tensor is None
        else tensor
        if tensor.shape[axis] == 1
        else tensor.narrow(axis, start, length)
        for tensor in tensors
    ]


def _like_whole(piece: Tensor, part: tuple[int, int, int], whole: Tensor) -> Tensor:
    shape = list(piece.shape)
    shape[part[0]] = whole.shape[part[0]]
    layout = (
        torch.channels_last
        if piece.dim() == 4 and piece.is_contiguous(memory_format=torch.channels_last)
        else torch.contiguous_format
    )
    return torch.empty(shape, dtype=piece.dtype, device=piece.device, memory_format=layout)
