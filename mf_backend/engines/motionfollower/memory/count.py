"""Counting the bytes of live tensors, on any device; on the meta device without computing.

The counter sees every tensor that PyTorch's operators return and asks their storages whether
they are still alive. What it cannot see: workspaces inside operators, and an allocator's slack.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing import reductions
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_WeakStorage: Any = reductions.StorageWeakRef


class MemoryCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Inside the block, `peak` is the most bytes that were alive at once, `known` included.

    `known` are tensors that were there before (weights, conditions).
    """

    def __init__(self, known: Iterable[Tensor] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._alive: dict[int, tuple[Any, int]] = {}
        self._bound = 0
        self.peak = 0
        for tensor in known:
            self._see(tensor)
        self._settle()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                self._see(value)
        self._settle()
        return result

    def live(self) -> int:
        """Bytes alive now."""
        gone = [key for key, (storage, _) in self._alive.items() if storage.expired()]
        for key in gone:
            self._bound -= self._alive.pop(key)[1]
        return self._bound

    def _see(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        reference = _WeakStorage(storage)
        known = self._alive.get(reference.cdata)
        if known is not None:
            if not known[0].expired():
                return
            self._bound -= known[1]
        self._alive[reference.cdata] = (reference, storage.nbytes())
        self._bound += storage.nbytes()

    def _settle(self) -> None:
        # The bound only ever errs upwards, so storages are asked only when it would set a record.
        if self._bound > self.peak:
            self.peak = max(self.peak, self.live())


class _FusedAttention(torch.autograd.Function):
    """Shapes of a fused attention kernel: q, k, v, out and the logarithm of the softmax's sum."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        out = torch.empty_like(query)
        sums = torch.empty(query.shape[:-1], dtype=torch.float32, device=query.device)
        ctx.save_for_backward(query, key, value, out, sums)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value, _, _ = ctx.saved_tensors
        return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


class FusedAttention(TorchFunctionMode):
    """Inside the block, attention on the meta device counts as the fused kernel it is elsewhere.

    The meta device has no such kernel and would write the whole matrix of weights out.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.nn.functional.scaled_dot_product_attention and args[0].is_meta:
            return _FusedAttention.apply(*args[:3])  # type: ignore[no-untyped-call]
        return func(*args, **kwargs)
