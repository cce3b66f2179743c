"""How layers run while their weights learn.

The sampler's tape (`mf_backend.models.running.tape`) gives gradients with respect to the latents
alone and knows no weights or conditions. Here both learn, so that what saves memory is PyTorch's
own checkpointing: around the same units of layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import cast

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mf_backend.models.running.runner import Composite, Layer, Mixes, Runner


class LearningRunner(Runner):
    """Runs layers under automatic differentiation, those that mix frames clip by clip.

    `frames` is how many frames of the batch belong to each clip; with 1 motion modules do not run.
    With `checkpointing` a unit's inputs are kept and it runs again in the backward pass, inside
    what `again` gives.
    """

    def __init__(
        self,
        frames: int = 1,
        *,
        checkpointing: bool = False,
        again: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        super().__init__()
        self.frames = frames
        self.moves = frames > 1
        self.checkpointing = checkpointing
        self._again = again

    def run(
        self,
        mixes: Mixes,
        layer: Layer,
        inputs: Sequence[Tensor],
        fixed: Sequence[Tensor | None] = (),
    ) -> Tensor:
        """`layer(*inputs, *fixed)`; what mixes frames never sees two clips at once."""
        count = inputs[0].shape[0]
        if isinstance(layer, nn.GroupNorm) and torch.is_grad_enabled():
            # PyTorch 2.13 crashes in this layer's backward pass on the processor where it learns
            # and its channels-last input does not.
            inputs = [x if x.requires_grad else x.detach().requires_grad_() for x in inputs]
        if mixes is Mixes.SPACE or count == self.frames:
            return layer(*inputs, *fixed)
        parts = [
            layer(*(value[start : start + self.frames] for value in inputs), *fixed)
            for start in range(0, count, self.frames)
        ]
        return torch.cat(parts)

    def composite(
        self, layer: Composite, inputs: Sequence[Tensor], *, large: bool = False
    ) -> Tensor:
        """A layer of layers, kept whole or as its inputs."""
        if not (self.checkpointing and torch.is_grad_enabled()):
            return layer(self, *inputs)
        inner = LearningRunner(self.frames)
        output = checkpoint(
            layer,
            inner,
            *inputs,
            use_reentrant=False,
            context_fn=lambda: (nullcontext(), self._again()),
        )
        return cast(Tensor, output)
