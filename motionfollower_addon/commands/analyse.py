"""`analyse`: the actor of the footage is found once, for every take of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any, TextIO

import bpy

from mf_backend.contracts.errors import ExitCode

from ..core.job.shot import Shot
from ..host.run.analysis import AnalysisFlow, asked_of
from ..host.run.batch import shot_name
from ..host.run.session import current
from .base import Command
from .engine_options import add_actor_options
from .shot_options import add_shot_options, shots_of

_SAY_SECONDS = 2.0


def _add_options(parser: argparse.ArgumentParser) -> None:
    add_shot_options(parser)
    add_actor_options(parser)


class Teller:
    """Says on a terminal how far it is, every two seconds."""

    def __init__(self) -> None:
        self._said = 0.0

    def __call__(self, flow: AnalysisFlow) -> None:
        now = time.monotonic()
        if now - self._said > _SAY_SECONDS:
            self._said = now
            share, words = flow.progress()
            print(f"{share:4.0%} {words}", file=sys.stderr, flush=True)


def _analyse(shot: Shot) -> dict[str, Any]:
    """One shot's part of the answer. Raises what it met."""
    flow = AnalysisFlow(current().client, asked_of(shot, bpy.context.scene))
    flow.run(Teller())
    if flow.error is not None:
        raise flow.error
    assert flow.status is not None
    return {
        "name": shot_name(shot),
        "actor": flow.status.actor,
        "looks": [dict(look) for look in flow.status.looks],
        "warnings": [text for _, text in flow.status.warnings],
    }


def _run(arguments: argparse.Namespace, out: TextIO) -> int:
    told = [_analyse(shot) for shot in shots_of(arguments)]
    if arguments.json:
        value = {"exit_code": int(ExitCode.DONE), "shots": told}
        print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
        return int(ExitCode.DONE)
    for item in told:
        print(f"{item['name']}: analysed, {item['actor']}", file=out)
        for look in item["looks"]:
            print(f"    frames {look['first']}-{look['last']}: {look['what']}", file=out)
        for warning in item["warnings"]:
            print(f"    warning: {warning}", file=out)
    out.flush()
    return int(ExitCode.DONE)


COMMAND = Command(
    "analyse", "find the actor of the footage once, for every take of it", _add_options, _run
)
