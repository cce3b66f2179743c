"""Attention injection for moving cameras: the reconstruction's keys and values in the edit."""

from __future__ import annotations

from mf_backend.models.denoiser.attention import Injection, KeysValues
from mf_backend.sampler.conditions import Masks


class MaskedInjector:
    """Lets the edit's self-attention also look at the reconstruction, outside the old person.

    Each up block's layer attends to its own tokens inside the target mask T and to the
    reconstruction's tokens of the same step outside the source mask S:

        K = [K_edit * T, K_rec * (1 - S)],   V likewise

    with the masks resized (nearest) to the layer's tokens. With `remove` the masked tokens leave
    the softmax; without, they stay as zeros (the released behaviour).
    """

    def __init__(self, stored: dict[str, KeysValues], masks: Masks, *, remove: bool) -> None:
        self._stored = stored
        self._masks = masks
        self._remove = remove

    def __call__(self, layer: str, height: int, width: int) -> Injection | None:
        """For the layer of that name with `height` x `width` tokens a frame."""
        foreign = self._stored[layer]
        source, target = (
            mask.flatten(1).to(foreign.keys.dtype) for mask in self._masks.at(height, width)
        )
        return Injection(foreign, target, 1 - source, self._remove)
