"""A runner that remembers its layers, for gradients with respect to the latents alone.

Automatic differentiation of the whole network would keep every activation. This runner keeps the
input of each layer and, in the backward pass, goes through the layers in reverse: it runs one
layer again on one slice, pushes every gradient that arrived at its output through it and moves
on. That is checkpointing of each layer, with two differences that matter for the guidance: two
gradients (of the foreground and of the background energy) share one recomputation, and a layer's
graph exists for one slice at a time. With `recompute=False` the layers' graphs are kept instead:
more memory, no second forward pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mf_backend.models.runner import WHOLE, Layer, Mixes, Runner, Slicing, narrow


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

    layer: Callable[[Runner, Tensor], Tensor]
    value: Tensor
    output: Tensor


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
    """Runs layers and can afterwards give gradients with respect to what went in first."""

    def __init__(self, slicing: Slicing = WHOLE, *, recompute: bool = True) -> None:
        super().__init__(slicing)
        self.recompute = recompute
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
        if self.recompute:
            record.output = super().run(mixes, layer, inputs, fixed)
        else:
            record.leaves = [value.detach().requires_grad_() for value in inputs]
            with torch.enable_grad():
                record.graph = layer(*record.leaves, *fixed)
            record.output = record.graph.detach()
        self._records.append(record)
        return record.output

    def composite(self, layer: Callable[[Runner, Tensor], Tensor], value: Tensor) -> Tensor:
        """A layer of layers; recomputing, only its input is kept."""
        if not (self._recording and self.recompute):
            return layer(self, value)
        output = layer(Runner(self.slicing), value)
        self._records.append(_Composite(layer, value, output))
        return output

    def end_of_gradients(self) -> None:
        """What runs from here on is not remembered."""
        self._recording = False

    def backward(self, seeds: list[tuple[Tensor, list[Tensor]]], wanted: Tensor) -> list[Tensor]:
        """Gradients of several scalars with respect to `wanted`, the tape's first input.

        `seeds` pairs an output of this tape with the gradient of each scalar with respect to it.
        Returns one gradient a scalar, shaped like `wanted`. Tape and `seeds` are emptied on the
        way, so that memory falls as the pass proceeds.
        """
        gradients = Gradients()
        while seeds:
            gradients.add(*seeds.pop())
        while self._records:
            record = self._records.pop()
            arrived = gradients.take(record.output)
            if arrived is None:
                continue
            if isinstance(record, _Composite):
                inner = TapeRunner(self.slicing)
                inner_seeds = [(record.layer(inner, record.value), arrived)]
                del arrived
                gradients.add(record.value, inner.backward(inner_seeds, record.value))
            elif record.graph is not None and record.leaves is not None:
                found = _pull(record.graph, record.leaves, arrived)
                for value, per_scalar in zip(record.inputs, found, strict=True):
                    gradients.add(value, per_scalar)
            else:
                self._recomputed(record, arrived, gradients)
        result = gradients.take(wanted)
        if result is None:
            raise ValueError("no gradient reaches the tensor asked for")
        return result

    def _recomputed(self, record: _Record, arrived: list[Tensor], gradients: Gradients) -> None:
        parts = self.slicing.parts(record.mixes, record.inputs[0].shape)
        totals: list[list[Tensor]] | None = None
        for part in parts:
            leaves = [
                value.detach().requires_grad_()
                for value in narrow(part, record.inputs)
                if value is not None
            ]
            with torch.enable_grad():
                output = record.layer(*leaves, *narrow(part, record.fixed))
            found = _pull(output, leaves, [gradient.narrow(*part) for gradient in arrived])
            del output
            if len(parts) == 1:
                totals = found
                break
            if totals is None:
                totals = [[torch.empty_like(value) for _ in arrived] for value in record.inputs]
            for total, piece in zip(totals, found, strict=True):
                for whole, gradient in zip(total, piece, strict=True):
                    whole.narrow(*part).copy_(gradient)
        assert totals is not None
        for value, per_scalar in zip(record.inputs, totals, strict=True):
            gradients.add(value, per_scalar)


def _pull(output: Tensor, leaves: list[Tensor], arrived: list[Tensor]) -> list[list[Tensor]]:
    """Vector-Jacobian products: for each leaf, one gradient for each gradient that arrived."""
    last = len(arrived) - 1
    rows = [
        torch.autograd.grad(output, leaves, gradient, retain_graph=j < last)
        for j, gradient in enumerate(arrived)
    ]
    return [list(column) for column in zip(*rows, strict=True)]
