"""How far a job is, as state.json holds it. Replaced whole at every change.

Standard library and the shared file helpers only: the add-on reads it too.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from mf_backend.contracts.files import write_json


class Status(StrEnum):
    """What a job is doing. A job that says `running` and holds no lock was interrupted."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class StageRecord:
    """One stage that began: what its results were made from, and whether it ended well."""

    hash: str
    """Hash of everything the results depend on."""
    seconds: float = 0.0
    """Time spent on it so far, over all runs."""
    finished: bool = False


@dataclass(frozen=True)
class Worker:
    """Who works on a job, or did last."""

    host: str
    process: int
    since: str
    """When the run began: ISO 8601, in UTC by that host's clock."""


@dataclass(frozen=True)
class JobState:
    """Everything state.json holds."""

    status: Status = Status.QUEUED
    stage: str = ""
    step: int = 0
    total: int = 0
    overall: float = 0.0
    """Share of the whole that was told last, 0..1: a job that goes on begins its bar there."""
    stages: dict[str, StageRecord] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    warnings: tuple[tuple[str, str], ...] = ()
    """(code, sentence) of each warning, kept so that a resumed job still reports them."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What finished stages found out, for the report: clip, hashes, engine."""
    worker: Worker | None = None
    seconds_left: float | None = None
    """As it was estimated when this was written."""

    def with_stage(self, name: str, record: StageRecord) -> JobState:
        """The same state with one stage's record replaced."""
        return replace(self, stages={**self.stages, name: record})


def write_state(path: Path, state: JobState) -> None:
    """Replace state.json. Raises OutputError where the disk refuses or its folder is gone."""
    write_json(path, asdict(state), make_folder=False)


def read_state(path: Path) -> JobState:
    """Read state.json; a fresh state where it is missing or damaged."""
    return _read(path) or JobState()


def is_damaged(path: Path) -> bool:
    """Whether there is a state.json that cannot be read."""
    return path.exists() and _read(path) is None


def _read(path: Path) -> JobState | None:
    """What state.json holds; None where it is missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        stages = {
            str(name): StageRecord(
                hash=str(record["hash"]),
                seconds=float(record.get("seconds", 0.0)),
                finished=record.get("finished") is True,
            )
            for name, record in value.get("stages", {}).items()
        }
        return JobState(
            status=Status(value.get("status", Status.QUEUED)),
            stage=str(value.get("stage", "")),
            step=int(value.get("step", 0)),
            total=int(value.get("total", 0)),
            overall=min(1.0, max(0.0, float(value.get("overall", 0.0)))),
            stages=stages,
            error=value.get("error"),
            warnings=tuple((str(code), str(text)) for code, text in value.get("warnings", [])),
            facts=dict(value.get("facts", {})),
            worker=_worker(value.get("worker")),
            seconds_left=_seconds(value.get("seconds_left")),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _worker(value: Any) -> Worker | None:
    if value is None:
        return None
    return Worker(str(value["host"]), int(value["process"]), str(value["since"]))


def _seconds(value: Any) -> float | None:
    return None if value is None else float(value)
