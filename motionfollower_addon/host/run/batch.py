"""Shots run one after the other without a window."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import bpy

from mf_backend.contracts.errors import ExitCode, MFError, OutputError

from ...core.job.order import Order
from ...core.job.shot import Shot
from .flow import RenderFlow
from .session import current

_SAY_SECONDS = 2.0


@dataclass(frozen=True)
class Outcome:
    """How one shot ended."""

    name: str
    exit_code: ExitCode
    code: str = ""
    message: str = ""
    hint: str = ""
    folder: str = ""
    frames: int = 0
    mp4: str = ""
    report: str = ""
    strip: str = ""
    statement: str = ""
    warnings: tuple[str, ...] = ()
    log: str = ""


class _Teller:
    """Says on a terminal how a run is doing, every two seconds and at every new line of words."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last = 0.0
        self._stage = ""

    def __call__(self, flow: RenderFlow) -> None:
        share, words = flow.progress()
        stage = words.split(" ")[0]
        now = time.monotonic()
        if stage != self._stage or now - self._last > _SAY_SECONDS:
            print(f"{share:4.0%} {flow.title}: {words}", file=self._out, flush=True)
            self._stage, self._last = stage, now


def shot_name(shot: Shot) -> str:
    """What a shot is called before anything of it was read."""
    return shot.name or shot.action or Path(shot.clip).stem or shot.strip or "shot"


def run_shot(shot: Shot, order: Order, progress: TextIO) -> Outcome:
    """Run one shot to its end. Never raises for what a person can mend; the outcome says it."""
    name = shot_name(shot)
    try:
        flow = current().make_flow(shot, order=order)
        flow.run(_Teller(progress))
    except MFError as error:
        return refused(name, error)
    return outcome_of(flow, name)


def refused(name: str, error: MFError) -> Outcome:
    """A shot that met an error before or beside its run."""
    return Outcome(name, error.exit_code, error.code, error.message, error.hint)


def outcome_of(flow: RenderFlow, name: str) -> Outcome:
    """How a run that has ended went."""
    status = flow.status
    warnings = flow.warnings + (status.warnings if status is not None else [])
    error = flow.error
    return Outcome(
        name=name,
        exit_code=ExitCode.DONE if error is None else error.exit_code,
        code=error.code if error is not None else "",
        message=error.message if error is not None else "",
        hint=error.hint if error is not None else "",
        folder=str(flow.folder or ""),
        frames=status.count if status is not None else flow.sampled,
        mp4=status.mp4 if status is not None else "",
        report=status.report if status is not None else "",
        strip=flow.strip,
        statement=flow.statement,
        warnings=tuple(message for _, message in warnings),
        log=flow.log if error is not None else "",
    )


def save_file(path: Path) -> None:
    """Save the open file as `path`. Raises OutputError where that fails."""
    path = path.absolute()
    if path.suffix != ".blend":
        path = path.with_name(path.name + ".blend")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
    except (OSError, RuntimeError) as error:
        raise OutputError(
            "blend-not-saved",
            f"{path} could not be saved: {str(error).strip()}.",
            "Choose a folder that you may write to.",
        ) from error
