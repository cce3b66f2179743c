"""`tune`: the diffusion engine learns the footage, for takes of it."""

from __future__ import annotations

import argparse
import json
from typing import Any, TextIO

import bpy

from mf_backend.contracts.checks.fields import Field
from mf_backend.contracts.checks.rules import Whole
from mf_backend.contracts.errors import ExitCode

from ..core.job.shot import Shot
from ..host.run.analysis import Aim, AnalysisFlow, asked_of
from ..host.run.batch import shot_name
from ..host.run.session import current
from .analyse import Teller
from .base import Command
from .engine_options import add_actor_options
from .shot_options import add_shot_options, shots_of

_STEPS = Whole(1, 1_000_000)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_shot_options(parser)
    add_actor_options(parser)
    add = parser.add_argument
    add("--engine", metavar="NAME", help="motionfollower or sample")
    add("--weights", metavar="DIR", help="folder of the imported weights")
    add("--device", metavar="NAME", help="as `python -m mf_backend doctor` names it")
    add("--tuning-steps", metavar="N", help="else what suits the weights")


def _tune(shot: Shot, steps: int) -> dict[str, Any]:
    """One shot's part of the answer. Raises what it met."""
    asked = asked_of(shot, bpy.context.scene, Aim.TUNE, steps)
    flow = AnalysisFlow(current().client, asked)
    flow.run(Teller())
    if flow.error is not None:
        raise flow.error
    assert flow.status is not None
    before, after = flow.status.decibels
    return {
        "name": shot_name(shot),
        "actor": flow.status.actor,
        "adapter": flow.status.adapter,
        "before": before,
        "after": after,
        "warnings": [text for _, text in flow.status.warnings],
    }


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    text = arguments.tuning_steps
    steps = 0 if text is None else _STEPS.parse(text, Field("--tuning-steps", "the command line"))
    told = [_tune(shot, steps) for shot in shots_of(arguments)]
    if arguments.json:
        value = {"exit_code": int(ExitCode.DONE), "shots": told}
        print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
        return int(ExitCode.DONE)
    for item in told:
        gained = f"{item['before']:.1f} dB before, {item['after']:.1f} now"
        print(f"{item['name']}: tuned ({gained}), {item['adapter']}", file=out)
        for warning in item["warnings"]:
            print(f"    warning: {warning}", file=out)
    out.flush()
    return int(ExitCode.DONE)


COMMAND = Command("tune", "let the engine learn the footage, for takes of it", _add_options, _run)
