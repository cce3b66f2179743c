"""The moving average of weights, which is what a run gives away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Averages some weights over the steps; it follows closely at first and slowly later."""

    def __init__(self, weights: Mapping[str, nn.Parameter], most: float) -> None:
        self._most = most
        self.values = {name: weight.detach().clone() for name, weight in weights.items()}

    def update(self, weights: Mapping[str, nn.Parameter], step: int) -> None:
        """Take in the weights after `step` steps."""
        kept = min(self._most, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.values.values()),
                [weights[name].detach() for name in self.values],
                1 - kept,
            )

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Go on from values that were kept."""
        for name, value in self.values.items():
            value.copy_(values[name])

    @contextmanager
    def shown(self, weights: Mapping[str, nn.Parameter]) -> Iterator[None]:
        """Inside the block the networks have the average; afterwards their own weights again."""
        own = {name: weight.detach().clone() for name, weight in weights.items()}
        put(weights, self.values)
        try:
            yield
        finally:
            put(weights, own)


def put(weights: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    """Give weights other values, in place."""
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(values[name])
