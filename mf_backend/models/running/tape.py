"""A runner that remembers its layers, for gradients with respect to the latents alone.

Automatic differentiation of the whole network would keep every activation. This runner keeps the
input of each layer and, in the backward pass, goes through the layers in reverse: it runs one
layer again on one slice, pushes every gradient that arrived at its output through it and moves
on. That is checkpointing of each layer, with two differences that matter for the guidance: two
gradients (of the foreground and of the background energy) share one recomputation, and a layer's
graph exists for one slice at a time. The graphs of layers on small pictures can be kept instead
(`kept`): the fewer pixels and the more channels a layer has, the more arithmetic a kept byte
saves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mf_backend.models.running.runner import (
    WHOLE,
    Composite,
    Layer,
    Mixes,
    Runner,
    Slicing,
    narrow,
)


@dataclass
class _Record:
    """One layer that ran. `leaves` and `graph` are set where its graph was kept."""

    mixes: Mixes
    layer: Layer
    inputs: list[Tensor]
    fixed: list[Tensor | None]
    output: Tensor
    leaves: list[Tensor] | None = None
    graph: Tensor | None = None


@dataclass
class _Composite:
    """A layer made of layers, recomputed as a whole."""

    layer: Composite
    inputs: list[Tensor]
    output: Tensor


Seed = Callable[[int, int], list[Tensor]]
"""Gives the gradients that arrive from outside at the frames (start, length), one a scalar."""


class Gradients:
    """The gradients that have arrived at each tensor, one for each quantity differentiated."""

    def __init__(self) -> None:
        # Tensors are told apart by identity; the tape keeps them alive meanwhile.
        self._arrived: dict[int, list[Tensor]] = {}

    def add(self, tensor: Tensor, gradients: Sequence[Tensor]) -> None:
        """Add to what arrived at `tensor`; takes over the given tensors."""
        present = self._arrived.get(id(tensor))
        if present is None:
            self._arrived[id(tensor)] = list(gradients)
            return
        for total, gradient in zip(present, gradients, strict=True):
            total.add_(gradient)

    def take(self, tensor: Tensor) -> list[Tensor] | None:
        """What arrived at `tensor`, which is then forgotten; None where nothing did."""
        return self._arrived.pop(id(tensor), None)


class TapeRunner(Runner):
    """Runs layers and can afterwards give gradients with respect to what went in first.

    Layers whose first input has at most `kept` (0..1) times the pixels of what went in first run
    whole and their graphs are kept; the others run again in the backward pass, slice by slice,
    with `coarse` in groups.
    """

    def __init__(
        self, slicing: Slicing = WHOLE, *, kept: float = 0.0, coarse: bool = False
    ) -> None:
        super().__init__(slicing)
        self.kept = kept
        self.coarse = coarse
        self._first_pixels: int | None = None
        self._records: list[_Record | _Composite] = []
        self._recording = True

    def run(
        self,
        mixes: Mixes,
        layer: Layer,
        inputs: Sequence[Tensor],
        fixed: Sequence[Tensor | None] = (),
    ) -> Tensor:
        """`layer(*inputs, *fixed)`, remembered until `end_of_gradients`."""
        if not self._recording:
            return super().run(mixes, layer, inputs, fixed)
        record = _Record(mixes, layer, list(inputs), list(fixed), inputs[0])
        if not self._keeps(inputs[0]):
            record.output = super().run(mixes, layer, inputs, fixed)
        else:
            record.leaves = [value.detach().requires_grad_() for value in inputs]
            with torch.enable_grad():
                record.graph = layer(*record.leaves, *fixed)
            record.output = record.graph.detach()
        self._records.append(record)
        return record.output

    def composite(
        self, layer: Composite, inputs: Sequence[Tensor], *, large: bool = False
    ) -> Tensor:
        """A layer of layers; recomputing, only its inputs are kept (of large ones: if coarse)."""
        if self._recording and self._keeps(inputs[0]):
            # One graph, so that what only passes from layer to layer goes.
            return self.run(Mixes.FRAMES, partial(layer, Runner()), inputs)
        if not self._recording or (large and not self.coarse):
            return layer(self, *inputs)
        output = layer(Runner(self.slicing), *inputs)
        self._records.append(_Composite(layer, list(inputs), output))
        return output

    def _keeps(self, value: Tensor) -> bool:
        pixels = value.shape[-2] * value.shape[-1]
        if self._first_pixels is None:
            self._first_pixels = pixels
        return pixels <= self.kept * self._first_pixels

    def end_of_gradients(self) -> None:
        """What runs from here on is not remembered."""
        self._recording = False

    def backward(self, seeds: list[tuple[Tensor, Seed]], wanted: Tensor) -> list[Tensor]:
        """Gradients of several scalars with respect to `wanted`, the tape's first input.

        `seeds` pairs an output of this tape with a function of (start, length) that gives, for
        those frames, the gradient of each scalar with respect to it. Returns one gradient a
        scalar, shaped like `wanted`. Tape and `seeds` are emptied on the way, so that memory
        falls as the pass proceeds.
        """
        pending: dict[int, list[Seed]] = {}
        while seeds:
            tensor, seed = seeds.pop()
            pending.setdefault(id(tensor), []).append(seed)
        gradients = Gradients()
        self._propagate(gradients, pending)
        result = gradients.take(wanted)
        if result is None:
            raise ValueError("no gradient reaches the tensor asked for")
        return result

    def _propagate(self, gradients: Gradients, pending: dict[int, list[Seed]]) -> None:
        while self._records:
            record = self._records.pop()
            arrived = gradients.take(record.output)
            seeds = pending.pop(id(record.output), [])
            if isinstance(record, _Record) and record.graph is None:
                if arrived is not None or seeds:
                    self._recomputed(record, arrived, seeds, gradients)
                continue
            for seed in seeds:
                arrived = _sum(arrived, self._of_all_frames(seed, record.output))
            if arrived is None:
                continue
            if isinstance(record, _Composite):
                inner = TapeRunner(self.slicing)
                gradients.add(record.layer(inner, *record.inputs), arrived)
                # From here on only the table holds them, so that they can go one by one.
                del arrived
                inner._propagate(gradients, {})
            elif record.graph is not None and record.leaves is not None:
                found = _pull(record.graph, record.leaves, arrived)
                for value, per_scalar in zip(record.inputs, found, strict=True):
                    gradients.add(value, per_scalar)

    def _of_all_frames(self, seed: Seed, output: Tensor) -> list[Tensor]:
        """A seed's gradients with respect to all of `output`, asked for in slices."""
        parts = self.slicing.parts(Mixes.SPACE, output.shape)
        if len(parts) == 1:
            return seed(0, output.shape[0])
        wholes: list[Tensor] = []
        for part in parts:
            pieces = seed(part[1], part[2])
            wholes = wholes or [torch.empty_like(output) for _ in pieces]
            for whole, piece in zip(wholes, pieces, strict=True):
                whole.narrow(*part).copy_(piece)
        return wholes

    def _recomputed(
        self,
        record: _Record,
        arrived: list[Tensor] | None,
        seeds: list[Seed],
        gradients: Gradients,
    ) -> None:
        # Seeds are per frame; a layer that mixes frames needs those of all frames.
        if record.mixes is not Mixes.SPACE:
            for seed in seeds:
                arrived = _sum(arrived, self._of_all_frames(seed, record.output))
            seeds = []
        parts = self.slicing.parts(record.mixes, record.inputs[0].shape)
        totals: list[list[Tensor]] | None = None
        for part in parts:
            incoming = None
            if arrived is not None:
                incoming = [gradient.narrow(*part) for gradient in arrived]
            for seed in seeds:
                incoming = _sum(incoming, seed(part[1], part[2]), in_place=False)
            assert incoming is not None
            leaves = [
                value.detach().requires_grad_()
                for value in narrow(part, record.inputs)
                if value is not None
            ]
            with torch.enable_grad():
                output = record.layer(*leaves, *narrow(part, record.fixed))
            found = _pull(output, leaves, incoming)
            del output, incoming
            if len(parts) == 1:
                totals = found
                break
            if totals is None:
                totals = [[torch.empty_like(value) for _ in found[0]] for value in record.inputs]
            for total, piece in zip(totals, found, strict=True):
                for whole, gradient in zip(total, piece, strict=True):
                    whole.narrow(*part).copy_(gradient)
        assert totals is not None
        for value, per_scalar in zip(record.inputs, totals, strict=True):
            gradients.add(value, per_scalar)


def _sum(
    first: list[Tensor] | None, second: list[Tensor], *, in_place: bool = True
) -> list[Tensor]:
    if first is None:
        return second
    if in_place:
        return [a.add_(b) for a, b in zip(first, second, strict=True)]
    return [a + b for a, b in zip(first, second, strict=True)]


def _pull(output: Tensor, leaves: list[Tensor], arrived: list[Tensor]) -> list[list[Tensor]]:
    """Vector-Jacobian products: for each leaf, one gradient for each gradient that arrived."""
    last = len(arrived) - 1
    rows = [
        torch.autograd.grad(output, leaves, gradient, retain_graph=j < last)
        for j, gradient in enumerate(arrived)
    ]
    return [list(column) for column in zip(*rows, strict=True)]
