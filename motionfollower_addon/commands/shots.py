"""Running shots one after the other, and telling how each went."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import bpy

from mf_backend.contracts.errors import ExitCode, MFError

from ..core.job.order import Order
from ..host.run.batch import Outcome, run_shot, save_file
from .shot_options import shots_of


def result(outcome: Outcome) -> dict[str, Any]:
    """One shot's part of the JSON answer."""
    value = dataclasses.asdict(outcome)
    value["exit_code"] = int(outcome.exit_code)
    return value


def say(outcome: Outcome, number: int, total: int, out: TextIO) -> None:
    """Tell on a terminal how one shot went."""
    head = f"[{number}/{total}] {outcome.name}: "
    if outcome.exit_code is ExitCode.DONE:
        parts = [f"{outcome.frames} frames", outcome.mp4 or outcome.folder, outcome.statement]
        print(head + ", ".join(part for part in parts if part), file=out)
    else:
        print(f"{head}failed: {outcome.message} {outcome.hint}".rstrip(), file=out)
        if outcome.log:
            print(f"    log: {outcome.log}", file=out)
    for warning in outcome.warnings:
        print(f"    warning: {warning}", file=out)
    out.flush()


def exit_code(codes: Iterable[ExitCode]) -> ExitCode:
    """The code of several: that of the failed ones where they agree."""
    failed = set(codes) - {ExitCode.DONE}
    return failed.pop() if len(failed) == 1 else ExitCode.OTHER if failed else ExitCode.DONE


def run_shots(arguments: argparse.Namespace, out: TextIO, order: Order) -> int:
    """Run the shots that the command line means, one after the other; the exit code of all."""
    shots = shots_of(arguments)
    save = getattr(arguments, "save", None)
    outcomes: list[Outcome] = []
    for number, shot in enumerate(shots, 1):
        outcome = run_shot(shot, order, sys.stderr)
        if outcome.exit_code is ExitCode.DONE and save is not None:
            # After every shot, so that what is there survives whatever comes next.
            try:
                save_file(save)
            except MFError as error:
                outcome = dataclasses.replace(
                    outcome,
                    code=error.code,
                    message=error.message,
                    hint=error.hint,
                    exit_code=error.exit_code,
                )
        outcomes.append(outcome)
        if not arguments.json:
            say(outcome, number, len(shots), out)
    code = exit_code(outcome.exit_code for outcome in outcomes)
    if arguments.json:
        value = {
            "exit_code": int(code),
            "shots": [result(outcome) for outcome in outcomes],
            "saved": bpy.data.filepath if save is not None and code is ExitCode.DONE else "",
        }
        print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
    elif len(shots) > 1:
        done = sum(outcome.exit_code is ExitCode.DONE for outcome in outcomes)
        print(f"{done} of {len(shots)} shots are done.", file=out, flush=True)
    return int(code)
