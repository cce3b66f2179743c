"""Running shots one after the other, and telling how each went."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from typing import Any, TextIO

import bpy

from mf_backend.contracts.errors import ExitCode, MFError

from ..host.run.batch import Outcome, run_shot, save_file
from .shot_options import shots_of


def _result(outcome: Outcome) -> dict[str, Any]:
    value = dataclasses.asdict(outcome)
    value["exit_code"] = int(outcome.exit_code)
    return value


def _say(outcome: Outcome, number: int, total: int, out: TextIO) -> None:
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


def run_shots(arguments: argparse.Namespace, out: TextIO, only_skeletons: bool) -> int:
    """Run the shots that the command line means, one after the other; the exit code of all."""
    shots = shots_of(arguments)
    save = getattr(arguments, "save", None)
    outcomes: list[Outcome] = []
    for number, shot in enumerate(shots, 1):
        outcome = run_shot(shot, only_skeletons, sys.stderr)
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
            _say(outcome, number, len(shots), out)
    codes = {outcome.exit_code for outcome in outcomes} - {ExitCode.DONE}
    code = codes.pop() if len(codes) == 1 else ExitCode.OTHER if codes else ExitCode.DONE
    if arguments.json:
        value = {
            "exit_code": int(code),
            "shots": [_result(outcome) for outcome in outcomes],
            "saved": bpy.data.filepath if save is not None and not codes else "",
        }
        print(json.dumps(value, ensure_ascii=False), file=out, flush=True)
    elif len(shots) > 1:
        done = sum(outcome.exit_code is ExitCode.DONE for outcome in outcomes)
        print(f"{done} of {len(shots)} shots are done.", file=out, flush=True)
    return int(code)
