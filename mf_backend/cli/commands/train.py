"""`python -m mf_backend train`: learn weights from shots, tune them to one, or go on with that."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.interrupt import stop_gently
from mf_backend.cli.options import add_checked, add_path
from mf_backend.cli.output import print_result, say
from mf_backend.contracts.checks.build import rule_of
from mf_backend.contracts.checks.rules import Text, Whole
from mf_backend.contracts.errors import CancelledError, InputError

_RECIPE = {
    "decoder_steps": "steps of the decoder",
    "image_steps": "steps of single frames",
    "clip_steps": "steps of clips",
    "batch": "pictures of a batch",
    "clips": "clips of a batch",
    "clip_frames": "frames of a clip",
    "rate": "learning rate",
    "seed": "of everything that is random",
    "keep_every": "steps between checkpoints",
    "show_every": "steps between new pictures on the page",
    "recoloured": "share of samples in other colours",
    "other_ground": "share of samples before another shot's set",
    "from_preview": "share of samples that begin with the preview's picture",
}
_SWITCHES = {
    "--rendered": "shots are rendered: colours and sets are exchanged at will",
    "--previews": "first draw what the preview engine makes of shots of two takes, to learn from",
    "--checkpointing": "less memory, a third more time",
    "--tune": "learn an adapter for one clip, beside weights that stay (--from, else the imported)",
    "--memory": "say what each stage takes at its peak, and learn nothing",
    "--json": "print one JSON object",
}
_SAY_EVERY = 10.0


def add_parser(subparsers: Any) -> None:
    """Add the command's options."""
    parser = subparsers.add_parser(
        "train",
        help=COMMANDS["train"],
        description="Learn the networks' weights from shots with masks and skeletons. Started "
        "again with the same folder, a run goes on where it was broken off. The run's folder gets "
        "a page with curves and pictures (page.html) and, at the end, the weights (set).",
    )
    add_path(parser, "shots", metavar="SHOTS", help="folder of shots; see docs/training.md")
    add_path(parser, "--to", required=True, metavar="RUN", help="folder of the run")
    add_path(parser, "--config", metavar="FILE", help="model.json; else the sample set's sizes")
    add_path(parser, "--from", dest="weights", metavar="SET", help="weights to learn on with")
    for name, text in _SWITCHES.items():
        parser.add_argument(name, action="store_true", help=text)
    from mf_backend.training.recipe import Recipe

    add_path(parser, "--adapter", metavar="FILE", help="with --tune; else RUN/adapter.safetensors")
    add_checked(parser, "--rank", Whole(1, 4096), metavar="N", help="with --tune: the adapter's")
    for name, text in _RECIPE.items():
        rule = rule_of(Recipe, name)
        add_checked(parser, _option(name), rule, default=None, metavar="N", help=text)
    add_checked(parser, "--device", Text(40, 1), default="auto", help="auto, cpu, mps or cuda")
    add_checked(parser, "--threads", Whole(1, 1024), metavar="N", help="of the processor")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def run(args: argparse.Namespace) -> int:
    """Train; prints where the weights or the adapter are. Errors are raised as MFError."""
    import torch

    from mf_backend.models.config import ModelConfig
    from mf_backend.training.recipe import Recipe, sample_config, sample_recipe
    from mf_backend.training.run import Begin, train

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    changes = {name: value for name in _RECIPE if (value := getattr(args, name)) is not None}
    if args.checkpointing:
        changes["checkpointing"] = True
    if args.tune:
        return _tune(args, changes)
    if args.adapter is not None or args.rank is not None:
        raise InputError("usage", "--adapter and --rank belong to --tune.", "Add --tune.")
    recipe = sample_recipe(changes) if args.rendered else Recipe(**changes)
    config: ModelConfig | None = None
    if args.config is not None:
        config = ModelConfig.from_file(args.config)
    elif args.weights is None:
        config = sample_config()
    if args.memory:
        return _memory(args, config, recipe)
    cancelled = Event()
    stop_gently(cancelled, say)
    begin = Begin(args.shots, args.to, changes, config, args.weights, args.device)
    lines = Lines(cancelled)
    if args.previews:
        from mf_backend.training.data.drafts import make_drafts

        make_drafts(args.shots, lines)
    found = train(begin, recipe, lines)
    print_result(args.json, {"set": str(found.absolute())}, [f"The weights are in {found}."])
    return 0


def _tune(args: argparse.Namespace, changes: dict[str, Any]) -> int:
    """Learn an adapter; prints where it is and what it gained."""
    from mf_backend.training.memory import tuning_bytes
    from mf_backend.training.tuning.material import read_clip
    from mf_backend.training.tuning.tune import RANK, TuneOrder, tune, tune_recipe
    from mf_backend.weights.folder import weights_folder
    from mf_backend.weights.loading import load_config

    foreign = next(
        (name for name in ("config", "rendered", "previews") if getattr(args, name)), None
    )
    if foreign is not None:
        raise InputError("usage", f"--{foreign} does not go with --tune.", "Leave it out.")
    weights = args.weights or weights_folder()
    config, rank = load_config(weights), args.rank or RANK
    recipe = tune_recipe(config, changes)
    if args.memory:
        peaks = {
            f"tuning{' mixed' if mixed else ''}": tuning_bytes(config, recipe, rank, mixed=mixed)
            for mixed in (False, True)
        }
        return _print_peaks(args, peaks)
    cancelled = Event()
    stop_gently(cancelled, say)
    lines = Lines(cancelled)
    clip = read_clip(args.shots, config.picture_side, lines)
    adapter = args.adapter or args.to / "adapter.safetensors"
    order = TuneOrder(clip, weights, args.to, adapter, rank, changes, args.device)
    about = tune(order, recipe, lines)
    value = {"adapter": str(adapter.absolute()), **asdict(about)}
    told = f"kept-out frames inside the actor: {about.before:.2f} dB before, {about.after:.2f} now"
    print_result(args.json, value, [f"The adapter is {adapter} ({told})."])
    return 0


def _memory(args: argparse.Namespace, config: Any, recipe: Any) -> int:
    from mf_backend.training.memory import stage_bytes
    from mf_backend.training.recipe import Stage
    from mf_backend.weights.loading import load_config

    config = config or load_config(Path(args.weights))
    peaks = {
        f"{stage.value}{' mixed' if mixed else ''}": stage_bytes(config, recipe, stage, mixed=mixed)
        for stage in Stage
        for mixed in (False, True)
    }
    return _print_peaks(args, peaks)


def _print_peaks(args: argparse.Namespace, peaks: dict[str, int]) -> int:
    lines = [f"{name}: {peak / 2**30:.2f} GiB" for name, peak in peaks.items()]
    print_result(args.json, {"bytes": peaks}, lines)
    return 0


class Lines:
    """A Reporter that says how far a run is: every stage, else every ten seconds."""

    def __init__(self, cancelled: Event) -> None:
        self._cancelled = cancelled
        self._stage, self._total, self._said = "", 0, 0.0

    def begin(self, stage: str, total: int) -> None:
        """See Reporter."""
        self._stage, self._total, self._said = stage, total, 0.0

    def advance(self, step: int, note: str = "") -> None:
        """See Reporter."""
        now = time.monotonic()
        if now - self._said >= _SAY_EVERY or step == self._total:
            self._said = now
            say(f"{self._stage}: {step} of {self._total}{f' ({note})' if note else ''}")
        self.check()

    def check(self) -> None:
        """See Reporter."""
        if self._cancelled.is_set():
            raise CancelledError("Stopped; the same command goes on from here.")

    def warn(self, code: str, message: str) -> None:
        """See Reporter."""
        say(f"Warning: {message}")
