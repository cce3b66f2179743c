"""One stage as it runs: its weights, their optimizer and average, and what a step does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mf_backend.contracts.errors import MFError
from mf_backend.models.model_set import ModelSet
from mf_backend.training.autoencoder.decoding import decoder_loss
from mf_backend.training.data.batches import Batch
from mf_backend.training.learning.average import Average, put
from mf_backend.training.learning.networks import encode, learning, predict
from mf_backend.training.learning.objective import Objective
from mf_backend.training.learning.processes import Processes
from mf_backend.training.learning.runners import LearningRunner
from mf_backend.training.recipe import Recipe, Stage

_BETAS = (0.9, 0.99)
_DECAY = 1e-2
_FALLING = 0.2
"""Share of a stage over which its rate falls to 0."""


@dataclass(frozen=True)
class Outcome:
    """What a step gave; `gradient` is the norm before it was limited."""

    loss: float
    gradient: float
    rate: float


class Stepping:
    """A stage of a run on one device."""

    def __init__(
        self,
        models: ModelSet,
        stage: Stage,
        recipe: Recipe,
        processes: Processes,
        weights: Mapping[str, nn.Parameter] | None = None,
    ) -> None:
        """`weights` are what moves; None stands for those of the networks that the stage moves."""
        self.models, self.stage, self.recipe = models, stage, recipe
        self.weights = learning(models, stage) if weights is None else dict(weights)
        self.average = Average(self.weights, recipe.average)
        self.step = 0
        self.optimizer = torch.optim.AdamW(
            list(self.weights.values()), lr=recipe.rate, betas=_BETAS, weight_decay=_DECAY
        )
        self._objective = Objective(models.config.schedule, recipe.most_snr, recipe.person_weight)
        self._processes = processes
        frames = recipe.clip_frames if stage is Stage.CLIPS else 1
        self.runner = LearningRunner(frames, checkpointing=recipe.checkpointing)

    def take(self, batch: Batch) -> Outcome:
        """Learn one batch. Raises MFError where the loss is no number; nothing moved then."""
        rate = rate_at(self.recipe, self.stage, self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        with arithmetic(self.models.device):
            loss = self.loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self._processes.average_gradients(self.weights.values())
        norm = torch.nn.utils.clip_grad_norm_(self.weights.values(), self.recipe.largest_gradient)
        told = float(self._processes.average(loss.detach()))
        if not (math.isfinite(told) and math.isfinite(float(norm))):
            raise MFError(
                "train-not-finite",
                f"The loss of step {self.step + 1} of {self.stage.value} is no number any more; "
                "the last checkpoint is good.",
                "Begin a new run with a smaller --rate.",
            )
        self.optimizer.step()
        self.step += 1
        self.average.update(self.weights, self.step)
        return Outcome(told, float(norm), rate)

    def loss(self, batch: Batch) -> Tensor:
        """The stage's loss of a batch."""
        clean = encode(self.models, batch.truth)
        if self.stage is Stage.DECODER:
            return decoder_loss(self.models, clean, batch, self.recipe.person_weight)
        begun = clean
        if self.recipe.from_preview:
            begun = torch.lerp(clean, encode(self.models, batch.draft), batch.drafted)
        noisy, wanted = self._objective.mended(clean, begun, batch.noise, batch.timesteps)
        v = predict(self.models, noisy, batch, self.runner)
        return self._objective.loss(v, wanted, batch.person, batch.timesteps)

    def end(self) -> None:
        """The stage is over: the average becomes the weights, on which the next one builds."""
        put(self.weights, self.average.values)


def arithmetic(device: torch.device) -> AbstractContextManager[object]:
    """bfloat16 on cards that have it, which needs no scaling of losses; else float32."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


def rate_at(recipe: Recipe, stage: Stage, step: int) -> float:
    """The learning rate of a step (from 0): up, level, down.

    Level in between and not along a cosine, so that a run can be made longer while it is there.
    """
    steps = max(recipe.steps(stage), 1)
    left = (steps - step) / (_FALLING * steps)
    return recipe.rate * min(1.0, (step + 1) / recipe.warm_up, left)
