"""Several processes that learn together, as torchrun starts them: one for each card."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mf_backend.contracts.errors import InputError


@dataclass(frozen=True)
class Processes:
    """This process's number among all; a process alone is number 0 of 1."""

    rank: int = 0
    count: int = 1
    local: int = 0
    """Its number on this machine, which is its card's."""

    @property
    def leads(self) -> bool:
        """Whether this one writes and tells."""
        return self.rank == 0

    def average_gradients(self, weights: Iterable[nn.Parameter]) -> None:
        """Give every process the mean of all gradients; each saw an equal part of the batch."""
        if self.count == 1:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(flat)
        flat /= self.count
        parts = torch.split(flat, [value.numel() for value in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def average(self, value: Tensor) -> Tensor:
        """The mean of a number over all processes."""
        if self.count == 1:
            return value
        value = value.clone()
        torch.distributed.all_reduce(value)
        return value / self.count


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """The processes that RANK, WORLD_SIZE and LOCAL_RANK name (torchrun sets them), connected.

    Raises InputError where they are no numbers.
    """
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    told = {name: os.environ.get(name, "") for name in names}
    if not told["WORLD_SIZE"]:
        yield Processes()
        return
    wrong = next((name for name, text in told.items() if not text.isdigit()), None)
    if wrong is not None:
        raise InputError(
            "train-processes",
            f"The environment's {wrong} is {told[wrong]!r} and no number.",
            "Start several processes with torchrun, or unset WORLD_SIZE.",
        )
    rank, count, local = (int(told[name]) for name in names)
    if count == 1:
        yield Processes()
        return
    cards = device != "cpu" and torch.cuda.is_available()
    torch.distributed.init_process_group("nccl" if cards else "gloo")
    try:
        yield Processes(rank, count, local)
    finally:
        torch.distributed.destroy_process_group()
