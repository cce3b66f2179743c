"""Tuning from the first step to the adapter, or from where it was broken off."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mf_backend.contracts.errors import CancelledError, InputError
from mf_backend.contracts.files import hash_value, write_json
from mf_backend.contracts.machine.devices import choose_device
from mf_backend.contracts.progress import Reporter
from mf_backend.models.config import ModelConfig
from mf_backend.models.low_rank import LowRank, beside, fresh_adapters, weights_of
from mf_backend.models.model_set import ModelSet
from mf_backend.training.data.batches import Drawer
from mf_backend.training.folder import RunFolder, shots_hash
from mf_backend.training.learning.average import put
from mf_backend.training.learning.checkpoints import Checkpoint, Checkpoints
from mf_backend.training.learning.processes import Processes
from mf_backend.training.learning.stepping import Stepping, arithmetic
from mf_backend.training.learning.supply import drawn_ahead
from mf_backend.training.memory import tuning_bytes
from mf_backend.training.recipe import Recipe, Stage
from mf_backend.training.telling.examples import Example, as_picture, paint, plain
from mf_backend.training.telling.log import Log
from mf_backend.training.telling.page import Standing, write_page
from mf_backend.training.tuning.material import TunedClip
from mf_backend.weights.adapter import AdapterAbout, sizes_hash, write_adapter
from mf_backend.weights.loading import load_config, load_models
from mf_backend.weights.weight_set import open_set

RANK = 8
_STAGES = (Stage.DECODER, Stage.IMAGES)
_STEPS = "Give --image-steps or --decoder-steps some, and --clip-steps none."
_LOG_EVERY = 10
_GIB = 1 << 30


@dataclass(frozen=True)
class TuneOrder:
    """What is tuned to what, and where."""

    clip: TunedClip
    weights: Path
    """Folder of the set that the adapter stands beside."""
    run: Path
    """Folder of the run, in which it can go on."""
    adapter: Path
    """Where the adapter goes."""
    rank: int = RANK
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Of the recipe, by field."""
    device: str = "auto"


def tune_recipe(config: ModelConfig, changes: Mapping[str, Any]) -> Recipe:
    """Of tuning networks of these sizes: one clip as it is, in single frames; motion modules stay
    as they are, and so does a decoder that was not learnt here."""
    own = config.vae.encoder == "patches"
    return Recipe(
        **{
            **{"decoder_steps": 200 if own else 0, "image_steps": 400, "clip_steps": 0, "batch": 4},
            **{"rate": 2e-3, "warm_up": 20, "average": 0.98, "mirrored": 0.0, "keep_every": 100},
            **{"kept": 2, "show_every": 200, **changes},
        }
    )


def tune(order: TuneOrder, recipe: Recipe, reporter: Reporter) -> AdapterAbout:
    """Learn an adapter with `recipe`, or go on with the run that is there; what it says of itself.

    Raises InputError for input that is wrong, MFError where the loss is no number any more,
    CancelledError (after a checkpoint) and OutputError (disk full).
    """
    folder = RunFolder(order.run)
    folder.check_free()
    if folder.begun:
        recipe = folder.recipe(order.changes)
    if not any(recipe.steps(stage) for stage in _STAGES) or recipe.clip_steps:
        raise InputError("train-no-steps", "Tuning has 0 steps, or some of clips.", _STEPS)
    weights, config = open_set(order.weights), load_config(order.weights)
    device = choose_device(order.device).device
    if not folder.begun:
        peak = tuning_bytes(config, recipe, order.rank, mixed=_mixed(device))
        reporter.begin("counting memory", 1)
        reporter.advance(1, f"at most about {peak / _GIB:.2f} GiB")
    folder.begin(recipe, config)
    # What stays may be halves on a card; what is learnt is not.
    dtype = torch.bfloat16 if _mixed(device) else torch.float32
    models = load_models(order.weights).to(device, dtype)
    key = hash_value(
        [recipe.fingerprint, order.rank, weights.fingerprint, shots_hash([order.clip.shot])]
    )
    run = _Run(order, recipe, folder, models, Checkpoints(folder.checkpoints, key, recipe.kept))
    with beside(models, run.adapters):
        gains = run.go(reporter)
    shot = order.clip.shot
    about = AdapterAbout(
        weights.fingerprint,
        sizes_hash(config),
        order.clip.sha256,
        *(shot.name, order.rank, sum(recipe.steps(stage) for stage in _STAGES)),
        *(len(shot.takes[0]) - len(order.clip.kept_out), len(order.clip.kept_out)),
        *(round(value, 2) for value in gains),
    )
    write_adapter(order.adapter, about, weights_of(run.adapters))
    report = {**asdict(about), "recipe": recipe.to_dict(), "adapter": order.adapter.name}
    write_json(folder.report, report)
    return about


def _mixed(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


class _Run:
    """Tuning in progress, with the adapters beside their layers."""

    def __init__(
        self,
        order: TuneOrder,
        recipe: Recipe,
        folder: RunFolder,
        models: ModelSet,
        checkpoints: Checkpoints,
    ) -> None:
        self._recipe, self._folder, self._models = recipe, folder, models
        self._checkpoints, self._clip = checkpoints, order.clip
        for network in models.named().values():
            network.requires_grad_(False)
        self.adapters: dict[str, LowRank] = fresh_adapters(models, order.rank, recipe.seed)
        self._weights = weights_of(self.adapters)
        self._channels = models.config.unet.in_channels
        self._measured = order.clip.batch(order.clip.measured(), self._channels, recipe.seed)
        self._log = Log(folder.log)
        self._before: list[Example] = []
        self._where = "not begun"

    def go(self, reporter: Reporter) -> tuple[float, float]:
        """All steps from the newest checkpoint: mean PSNR of what is kept out, before and after.

        The adapters have their average then.
        """
        reporter.begin("measuring", 1)
        self._before = self._paint([])
        reporter.advance(1)
        point = self._checkpoints.load(reporter.warn)
        if point is not None:
            put(self._weights, point.networks["adapter"])
        self._log.go_on_from(0 if point is None else point.total)
        schedule = self._models.config.schedule.train_timesteps
        drawer = Drawer([self._clip.learnt()], self._recipe, self._channels, schedule)
        try:
            for stage in _STAGES:
                here = point if point is not None and point.stage is stage else None
                passed = point is not None and _STAGES.index(stage) < _STAGES.index(point.stage)
                if self._recipe.steps(stage) and not passed:
                    self._learn(stage, here, drawer, reporter)
        finally:
            self._show(self._before, runs=False)
        after = self._paint(self._before)
        self._show(after, runs=False)
        return _mean(self._before), _mean(after)

    def _learn(
        self, stage: Stage, point: Checkpoint | None, drawer: Drawer, reporter: Reporter
    ) -> None:
        decodes = stage is Stage.DECODER
        own = {k: x for k, x in self._weights.items() if k.startswith("vae/") is decodes}
        stepping = Stepping(self._models, stage, self._recipe, Processes(), own)
        if point is not None:
            stepping.average.load(point.average)
            stepping.optimizer.load_state_dict(point.optimizer)
            stepping.step = point.step
        steps, first, begun = self._recipe.steps(stage), stepping.step, time.monotonic()
        reporter.begin(f"tuning {stage.value}", steps)
        with drawn_ahead(drawer, stage, range(first, steps), Processes()) as batches:
            for batch in batches:
                outcome = stepping.take(batch.to(self._models.device))
                left = (time.monotonic() - begun) / (stepping.step - first)
                left *= steps - stepping.step
                self._where = f"{stage.value}: step {stepping.step} of {steps}, {left:.0f} s left"
                if stepping.step % _LOG_EVERY == 0 or stepping.step in (1, steps):
                    told = {"step": stepping.step, "loss": outcome.loss, "rate": outcome.rate}
                    self._log.add({"total": self._total(stepping), "stage": stage.value, **told})
                if stepping.step % self._recipe.show_every == 0 and stepping.step < steps:
                    with stepping.average.shown(own):
                        self._show(self._paint(self._before), runs=True)
                if stepping.step % self._recipe.keep_every == 0 or stepping.step == steps:
                    self._keep(stepping)
                try:
                    reporter.advance(stepping.step, f"loss {outcome.loss:.4f}, {left:.0f} s left")
                except CancelledError:
                    self._keep(stepping)
                    raise
        stepping.end()

    def _total(self, stepping: Stepping) -> int:
        before = _STAGES[: _STAGES.index(stepping.stage)]
        return stepping.step + sum(self._recipe.steps(stage) for stage in before)

    def _keep(self, stepping: Stepping) -> None:
        networks = {"adapter": {name: x.detach() for name, x in self._weights.items()}}
        self._checkpoints.save(
            Checkpoint(
                *(self._total(stepping), stepping.stage, stepping.step, networks),
                *(stepping.average.values, stepping.optimizer.state_dict()),
            )
        )

    def _paint(self, before: list[Example]) -> list[Example]:
        """The measured frames as the networks paint them now, beside how they did `before`."""
        models, batch = self._models, self._measured
        with torch.no_grad(), arithmetic(models.device):
            latents = paint(models, batch.to(models.device), Stage.IMAGES)
            pictures = [as_picture(models, latent) for latent in torch.split(latents, 1)]
        found = []
        for k, (frame, picture) in enumerate(zip(self._clip.measured(), pictures, strict=True)):
            truth = plain(batch.truth[k] / 2 + 0.5)
            matte = self._clip.shot.takes[0].mattes[frame] > 127
            found.append(
                Example(
                    f"frame {frame + 1}",
                    plain(batch.reference[k] / 2 + 0.5),
                    plain(batch.pose[k]),
                    before[k].edit if before else picture,
                    picture,
                    truth,
                    _decibels(picture, truth, matte if matte.any() else np.ones_like(matte)),
                )
            )
        return found

    def _show(self, examples: list[Example], runs: bool) -> None:
        facts = {"clip": self._clip.shot.name, "frames": str(len(self._clip.shot.takes[0]))}
        standing = Standing(
            f"Tuning to {self._clip.shot.name}",
            *(self._where, runs, facts, "Frames that were kept out", ("Before", "Now")),
        )
        write_page(self._folder.page, standing, self._log.lines, examples)


def _mean(examples: list[Example]) -> float:
    return float(np.mean([example.psnr for example in examples]))


def _decibels(picture: Any, truth: Any, inside: Any) -> float:
    errors = (picture.astype(np.float64) - truth)[inside]
    return float(10 * np.log10(255**2 / max(float(np.square(errors).mean()), 1e-3)))
