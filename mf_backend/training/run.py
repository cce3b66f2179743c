"""A run from its first step to the set of weights, or from where it was broken off."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from mf_backend.contracts.errors import CancelledError, InputError
from mf_backend.contracts.files import write_json
from mf_backend.contracts.machine.devices import choose_device
from mf_backend.contracts.machine.resources import machine
from mf_backend.contracts.progress import Reporter
from mf_backend.models.config import ModelConfig
from mf_backend.models.model_set import ModelSet
from mf_backend.training.autoencoder.patches import fit_patches
from mf_backend.training.data.batches import Drawer
from mf_backend.training.data.shots import Shot, Split, of_split, read_shots
from mf_backend.training.folder import RunFolder, facts, run_key, shots_hash
from mf_backend.training.learning.checkpoints import Checkpoint, Checkpoints
from mf_backend.training.learning.networks import fresh_models
from mf_backend.training.learning.processes import Processes, joined
from mf_backend.training.learning.stepping import Stepping
from mf_backend.training.learning.supply import drawn_ahead
from mf_backend.training.memory import stage_bytes
from mf_backend.training.recipe import Recipe, Stage
from mf_backend.training.telling.examples import Example, Examples
from mf_backend.training.telling.log import Log
from mf_backend.training.telling.page import Standing, write_page
from mf_backend.training.written import write_trained
from mf_backend.version import VERSION

_LEAST = 2
"""Frames of a take that single pictures are learnt from."""
_GIB = 1 << 30
_LOG_EVERY = 10


@dataclass(frozen=True)
class Begin:
    """Where a run takes place and what it begins from.

    `weights` are networks that know something already; without them `config` says what to build.
    """

    shots: Path
    run: Path
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Of the recipe, by field."""
    config: ModelConfig | None = None
    weights: Path | None = None
    device: str = "auto"


def train(begin: Begin, recipe: Recipe, reporter: Reporter) -> Path:
    """Begin a run with `recipe`, or go on with the one that is there; the folder of its set.

    Raises InputError for input that is wrong, MFError where the loss is no number any more,
    CancelledError (after a checkpoint) and OutputError (disk full).
    """
    with joined(begin.device) as processes:
        run = _open(begin, recipe, reporter, processes)
        try:
            run.go()
        finally:
            run.show(runs=False)
        return run.finish()


def _open(begin: Begin, recipe: Recipe, reporter: Reporter, processes: Processes) -> Run:
    folder = RunFolder(begin.run)
    folder.check_free()
    if folder.begun:
        recipe, config = folder.recipe(begin.changes), folder.config()
    else:
        config = _config(begin)
    least = recipe.clip_frames if recipe.clip_steps else _LEAST
    shots = read_shots(begin.shots, config.picture_side, least, reporter)
    device = choose_device(begin.device).device
    if device.type == "cuda" and processes.count > 1:
        device = torch.device("cuda", processes.local)
    if not folder.begun:
        _tell_memory(config, recipe, device, reporter)
    if processes.leads:
        folder.begin(recipe, config)
    models, begins = _models(begin, config, recipe, shots)
    key = run_key(recipe, config, shots_hash(shots), begins)
    point = Checkpoints(folder.checkpoints, key, recipe.kept)
    return Run(folder, recipe, shots, models.to(device, torch.float32), point, reporter, processes)


def _config(begin: Begin) -> ModelConfig:
    if begin.weights is not None:
        from mf_backend.weights.loading import load_config

        config = load_config(begin.weights)
        if begin.config is not None and begin.config != config:
            raise InputError(
                "train-other-width",
                f"The weights in {begin.weights} are networks of another width than --config says.",
                "Leave --config out to learn on with them, or begin without weights.",
            )
        return config
    assert begin.config is not None
    return begin.config


def _models(
    begin: Begin, config: ModelConfig, recipe: Recipe, shots: Sequence[Shot]
) -> tuple[ModelSet, str]:
    """The networks before the first step, and a name for what they are."""
    if begin.weights is not None:
        from mf_backend.weights.loading import load_models
        from mf_backend.weights.weight_set import open_set

        return load_models(begin.weights), open_set(begin.weights).fingerprint
    models = fresh_models(config, recipe.seed)
    if config.vae.encoder == "patches":
        fit_patches(models.vae.encoder, of_split(list(shots), Split.TRAIN), recipe.seed)
    return models, ""


def _tell_memory(
    config: ModelConfig, recipe: Recipe, device: torch.device, reporter: Reporter
) -> None:
    stages = [stage for stage in Stage if recipe.steps(stage)]
    if not stages:
        raise InputError("train-no-steps", "Every stage has 0 steps.", "Give one of them some.")
    reporter.begin("counting memory", len(stages))
    peaks = {}
    for number, stage in enumerate(stages, start=1):
        peaks[stage] = stage_bytes(config, recipe, stage, mixed=device.type == "cuda")
        most = max(peaks, key=lambda found: peaks[found])
        told = f"at most about {peaks[most] / _GIB:.2f} GiB ({most.value})"
        reporter.advance(number, told)


class Run:
    """A run in progress."""

    def __init__(
        self,
        folder: RunFolder,
        recipe: Recipe,
        shots: Sequence[Shot],
        models: ModelSet,
        checkpoints: Checkpoints,
        reporter: Reporter,
        processes: Processes,
    ) -> None:
        self.folder, self.recipe, self.models = folder, recipe, models
        self._checkpoints, self._reporter, self._processes = checkpoints, reporter, processes
        channels = models.config.unet.in_channels
        self._drawer = Drawer(
            of_split(list(shots), Split.TRAIN),
            recipe,
            channels,
            models.config.schedule.train_timesteps,
        )
        unseen = any(shot.split is Split.VALIDATION for shot in shots)
        self._shown = f"Shots that it {'does not learn' if unseen else 'learns'} from"
        self._examples = Examples(of_split(list(shots), Split.VALIDATION), channels, recipe.seed)
        self._facts = facts(shots, recipe, models.config)
        self._log = Log(folder.log)
        self._painted: list[Example] = []
        self._total = 0
        self._where = "not begun"
        self._started = time.monotonic()

    def go(self) -> None:
        """Every stage, from the newest checkpoint."""
        point = self._checkpoints.load(self._reporter.warn)
        if point is not None:
            for name, network in self.models.named().items():
                network.load_state_dict(point.networks[name])
            self._total = point.total - point.step
        if self._processes.leads:
            self._log.go_on_from(0 if point is None else point.total)
            write_json(self.folder.facts, {**self._facts, "machine": in_words(machine())})
        order = list(Stage)
        for stage in order:
            if point is not None and order.index(stage) < order.index(point.stage):
                continue
            if not self.recipe.steps(stage):
                continue
            here = point if point is not None and point.stage is stage else None
            self._stage(Stepping(self.models, stage, self.recipe, self._processes), here)

    def _stage(self, stepping: Stepping, point: Checkpoint | None) -> None:
        stage, steps = stepping.stage, self.recipe.steps(stepping.stage)
        if point is not None:
            stepping.average.load(point.average)
            stepping.optimizer.load_state_dict(point.optimizer)
            stepping.step = point.step
        before, self._total = self._total, self._total + stepping.step
        self._reporter.begin(f"learning {stage.value}", steps)
        begun, first = time.monotonic(), stepping.step
        with drawn_ahead(
            self._drawer, stage, range(stepping.step, steps), self._processes
        ) as batches:
            for batch in batches:
                outcome = stepping.take(batch.to(self.models.device))
                self._total = before + stepping.step
                done = stepping.step - first
                left = (time.monotonic() - begun) / done * (steps - stepping.step)
                self._where = f"{stage.value}: step {stepping.step} of {steps}, {_time(left)} left"
                if not self._processes.leads:
                    continue
                if stepping.step % _LOG_EVERY == 0 or stepping.step in (1, steps):
                    self._log.add(
                        {
                            "total": self._total,
                            "stage": stage.value,
                            "step": stepping.step,
                            "loss": outcome.loss,
                            "gradient": outcome.gradient,
                            "rate": outcome.rate,
                            "seconds": round(time.monotonic() - self._started, 1),
                        }
                    )
                if stepping.step % self.recipe.show_every == 0 or stepping.step == steps:
                    self._paint(stepping)
                if stepping.step % self.recipe.keep_every == 0 or stepping.step == steps:
                    self._keep(stepping)
                try:
                    self._reporter.advance(
                        stepping.step, f"loss {outcome.loss:.4f}, about {_time(left)} left"
                    )
                except CancelledError:
                    self._keep(stepping)
                    raise
        stepping.end()

    def _keep(self, stepping: Stepping) -> None:
        self._checkpoints.save(
            Checkpoint(
                self._total,
                stepping.stage,
                stepping.step,
                {name: network.state_dict() for name, network in self.models.named().items()},
                stepping.average.values,
                stepping.optimizer.state_dict(),
            )
        )

    def _paint(self, stepping: Stepping) -> None:
        with stepping.average.shown(stepping.weights):
            self._painted = self._examples.paint(self.models, stepping.stage)
        psnr = sum(example.psnr for example in self._painted) / len(self._painted)
        line = {"total": self._total, "stage": stepping.stage.value, "step": stepping.step}
        self._log.add({**line, "psnr": round(psnr, 3)})
        self.show(runs=True)

    def show(self, runs: bool) -> None:
        """Write the page as it stands."""
        if self._processes.leads:
            title = f"Training in {self.folder.path.name}"
            standing = Standing(title, self._where, runs, self._facts, self._shown)
            write_page(self.folder.page, standing, self._log.lines, self._painted)

    def finish(self) -> Path:
        """Write the set and the report; the folder of the set."""
        if self._processes.leads:
            seconds = round(time.monotonic() - self._started)
            notes = {**self._facts, "trained by": f"mf_backend {VERSION} train"}
            write_trained(self.folder.weights, self.models, notes)
            write_json(
                self.folder.report,
                {
                    **notes,
                    "recipe": self.recipe.to_dict(),
                    "seconds of the last start": seconds,
                    "machine": machine(),
                    "edits": {example.name: round(example.psnr, 2) for example in self._painted},
                },
            )
        return self.folder.weights


def in_words(found: Mapping[str, Any]) -> str:
    """What `machine` tells, in a line."""
    memory = found["memory_bytes"] / _GIB
    return f"{found['processor']}, {found['cores']} cores, {memory:.0f} GiB"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
