"""`python -m mf_backend train`: learn weights from shots, or go on with that."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from threading import Event
from typing import Any

from mf_backend.cli.commands import COMMANDS
from mf_backend.cli.interrupt import stop_gently
from mf_backend.cli.options import add_checked, add_path
from mf_backend.cli.output import print_result, say
from mf_backend.contracts.checks.build import rule_of
from mf_backend.contracts.checks.rules import Text, Whole
from mf_backend.contracts.errors import CancelledError

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
}
_SWITCHES = {
    "--rendered": "shots are rendered: colours and sets are exchanged at will",
    "--checkpointing": "less memory, a third more time",
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

    for name, text in _RECIPE.items():
        rule = rule_of(Recipe, name)
        add_checked(parser, _option(name), rule, default=None, metavar="N", help=text)
    add_checked(parser, "--device", Text(40, 1), default="auto", help="auto, cpu, mps or cuda")
    add_checked(parser, "--threads", Whole(1, 1024), metavar="N", help="of the processor")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def run(args: argparse.Namespace) -> int:
    """Train; prints where the weights are. Errors are raised as MFError."""
    import torch

    from mf_backend.models.config import ModelConfig
    from mf_backend.training.recipe import Recipe, sample_config, sample_recipe
    from mf_backend.training.run import Begin, train

    if args.threads is not None:
        torch.set_num_threads(args.threads)
    changes = {name: value for name in _RECIPE if (value := getattr(args, name)) is not None}
    if args.checkpointing:
        changes["checkpointing"] = True
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
    found = train(begin, recipe, Lines(cancelled))
    print_result(args.json, {"set": str(found.absolute())}, [f"The weights are in {found}."])
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
