"""What a stage takes at its peak, counted on the meta device before anything is allocated."""

from __future__ import annotations

import torch
from torch import Tensor

from mf_backend.engines.motionfollower.memory.count import FusedAttention, MemoryCounter
from mf_backend.models.config import ModelConfig
from mf_backend.models.low_rank import beside, fresh_adapters, weights_of
from mf_backend.models.model_set import build_models
from mf_backend.training.data.batches import Batch
from mf_backend.training.learning.processes import Processes
from mf_backend.training.learning.runners import LearningRunner
from mf_backend.training.learning.stepping import Stepping
from mf_backend.training.recipe import Recipe, Stage

_MASTER = 4
"""Bytes of a weight in float32."""


def stage_bytes(config: ModelConfig, recipe: Recipe, stage: Stage, *, mixed: bool = False) -> int:
    """Most bytes alive in one step of a stage: weights, gradients, optimizer, average, layers.

    With `mixed` layers compute in bfloat16 on float32 weights, as on a card. Not seen: workspaces
    inside operators and the allocator's slack.
    """
    dtype = torch.bfloat16 if mixed else torch.float32
    models = build_models(config, device="meta", dtype=dtype)
    count = recipe.clips * recipe.clip_frames if stage is Stage.CLIPS else recipe.batch
    stepping = Stepping(models, stage, recipe, Processes())
    # Backward passes do not see a mode of functions, and would count another kind of attention.
    stepping.runner = LearningRunner(
        stepping.runner.frames, checkpointing=recipe.checkpointing, again=FusedAttention
    )
    weights = [w for network in models.named().values() for w in network.parameters()]
    batch = _batch(config, count, dtype)
    known: list[Tensor] = [*weights, *vars(batch).values()]
    known += [] if mixed else stepping.average.values.values()
    with MemoryCounter(known) as counter, FusedAttention():
        stepping.loss(batch).backward()  # type: ignore[no-untyped-call]
        moved = sum(weight.numel() for weight in stepping.weights.values())
    # AdamW keeps two numbers of each weight that moves.
    besides = 2 * _MASTER * moved
    if mixed:
        besides += _MASTER * (sum(weight.numel() for weight in weights) + 2 * moved)
    peak: int = counter.peak + besides
    return peak


def tuning_bytes(config: ModelConfig, recipe: Recipe, rank: int, *, mixed: bool = False) -> int:
    """Most bytes alive in one step of tuning by adapters of this rank, counted likewise.

    With `mixed` the networks' own weights, which stay, are bfloat16, and the adapters float32.
    """
    dtype = torch.bfloat16 if mixed else torch.float32
    models = build_models(config, device="meta", dtype=dtype)
    # A layer computes in one kind of number; what float32 adapters take more is counted apart.
    adapters = fresh_adapters(models, rank, recipe.seed)
    for adapter in adapters.values():
        adapter.to(dtype)
    weights = weights_of(adapters)
    stepping = Stepping(models, Stage.IMAGES, recipe, Processes(), weights)
    stepping.runner = LearningRunner(checkpointing=recipe.checkpointing, again=FusedAttention)
    batch = _batch(config, recipe.batch, dtype)
    own = [w for network in models.named().values() for w in network.parameters()]
    known: list[Tensor] = [*own, *weights.values(), *vars(batch).values()]
    with MemoryCounter(known) as counter, FusedAttention(), beside(models, adapters):
        stepping.loss(batch).backward()  # type: ignore[no-untyped-call]
    moved = sum(weight.numel() for weight in weights.values())
    # AdamW's two numbers of each, the average, and weight and gradient where they are halves above.
    peak: int = counter.peak + _MASTER * moved * (5 if mixed else 3)
    return peak


def _batch(config: ModelConfig, count: int, dtype: torch.dtype) -> Batch:
    side = config.picture_side
    cells, channels = side // 8, config.unet.in_channels

    def tensor(*shape: int) -> Tensor:
        return torch.empty(shape, device="meta", dtype=dtype)

    return Batch(
        tensor(count, 3, side, side),
        tensor(count, 3, 224, 224),
        tensor(count, 3, side, side),
        tensor(count, 3, side, side),
        tensor(count, 3, side, side),
        tensor(count, 1, 1, 1),
        tensor(count, 1, cells, cells),
        torch.empty((count,), device="meta", dtype=torch.int64),
        tensor(count, channels, cells, cells),
        tensor(count, 1, 1),
        tensor(count, 1, 1, 1),
    )
