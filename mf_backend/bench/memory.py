"""Memory of the guided step, ours and the plain port's: counted, and measured on a card."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from mf_backend.bench.baseline import make_baseline
from mf_backend.bench.settings import BenchSettings
from mf_backend.bench.single_step import OneStep, make_conditions, make_models, same_steps
from mf_backend.contracts.errors import InputError
from mf_backend.engines.motionfollower.memory.count import FusedAttention, MemoryCounter
from mf_backend.engines.motionfollower.memory.prediction import count_step, measured_step
from mf_backend.sampler.memory import MemoryPlan, denoising_weights, park


class SavedForBackward:
    """Bytes that autograd keeps for a backward pass, each storage once; `peak` the most at once.

    Weights and other tensors in `known` do not count.
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        self._known = {x.untyped_storage()._cdata for x in known}
        self._held: dict[int, tuple[int, int]] = {}
        self.bytes = 0
        self.peak = 0
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, self._unpack)

    def _pack(self, tensor: Tensor) -> _Held:
        return _Held(self, tensor)

    def _unpack(self, held: _Held) -> Tensor:
        return held.tensor

    def take(self, tensor: Tensor) -> int | None:
        """Count a tensor's storage; its key, or None where it is a known one."""
        storage = tensor.untyped_storage()
        key = int(storage._cdata)
        if key in self._known:
            return None
        size, holders = self._held.get(key, (storage.nbytes(), 0))
        if not holders:
            self.bytes += size
            self.peak = max(self.peak, self.bytes)
        self._held[key] = (size, holders + 1)
        return key

    def drop(self, key: int) -> None:
        """One holder of the storage is gone."""
        size, holders = self._held[key]
        if holders == 1:
            self.bytes -= size
            del self._held[key]
        else:
            self._held[key] = (size, holders - 1)


class _Held:
    """A tensor that autograd keeps; tells when it no longer does."""

    def __init__(self, account: SavedForBackward, tensor: Tensor) -> None:
        self.tensor = tensor.detach()
        self._account = account
        self._key = account.take(tensor)

    def __del__(self) -> None:
        if self._key is not None:
            self._account.drop(self._key)


def measure_memory(
    settings: BenchSettings, plan: MemoryPlan, *, released: bool, baseline: bool
) -> dict[str, Any]:
    """Peak bytes of one guided step (weights included) with `plan`, and of the plain port's.

    Live tensors are counted on every device; on a CUDA card what its allocator reports is added.
    Raises InputError where the setting has no guided step.
    """
    options = same_steps(settings, released)
    if options.energy_scale == 0:
        raise InputError("bench-guidance", "There is no guided step to measure.")
    index = measured_step(options)
    models = make_models(settings, estimator=released)
    conditions = make_conditions(settings, models)
    step = OneStep(models, conditions, options, plan)
    park(models)
    weights = denoising_weights(models)
    saved = SavedForBackward(weights)
    with saved.hooks:
        peak = count_step(models, conditions, options, plan)
    result: dict[str, Any] = {
        "setting": settings.facts(),
        "plan": dataclasses.asdict(plan),
        "peak_bytes": peak,
        "weights_bytes": sum(x.nbytes for x in weights),
        "saved_for_backward_bytes": saved.peak,
        "counted": True,
    }
    if settings.device.type == "cuda":
        result |= _on_card(lambda: step(index), settings.device)
        result["counted_bytes"], result["counted"] = peak, False
        result["peak_bytes"] = result["peak_reserved_bytes"]
    if baseline:
        result["baseline"] = _baseline(settings, index)
    return result


def _on_card(step: Callable[[], None], device: torch.device) -> dict[str, int]:
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    step()
    torch.cuda.synchronize(device)
    return {
        "peak_allocated_bytes": torch.cuda.max_memory_allocated(device),
        "peak_reserved_bytes": torch.cuda.max_memory_reserved(device),
    }


def _baseline(settings: BenchSettings, index: int) -> dict[str, Any]:
    models = make_models(settings, estimator=True)
    conditions = make_conditions(settings, models)
    other = make_baseline(settings, models, conditions, same_steps(settings, released=True))
    del models, conditions
    weights = [x for network in other.networks for x in (*network.parameters(), *network.buffers())]
    inputs = [x for x in vars(other.port.inputs).values() if isinstance(x, Tensor)]
    counter = MemoryCounter([*weights, *inputs, other.latents])
    saved = SavedForBackward(weights)
    if settings.device.type == "cuda":
        result: dict[str, Any] = _on_card(lambda: other.step(index), settings.device)
    else:
        result = {}
    with FusedAttention(), counter, saved.hooks:
        other.step(index)
    return {
        "peak_bytes": result.get("peak_reserved_bytes", counter.peak),
        "counted_bytes": counter.peak,
        "weights_bytes": sum(x.nbytes for x in weights),
        "saved_for_backward_bytes": saved.peak,
        **result,
    }
