"""What was measured, kept as JSON: each figure once for a shot, a backend and this code.

{"schema": 1, "shots": {NAME: {"hash", "held_out", "frames", "size", "scored_by",
    "rows": {ROW: {METRIC: {REGION: figure}, ...}}}}}
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import write_json

from .running.jobs import Runner
from .running.variants import Variant
from .scoring.regions import TrueFrames
from .scoring.rows import baseline_rows, result_rows
from .shot_folder import ROOT, ShotFolder

SCHEMA = 1
_SCORING = ("benchmarks/truth/scoring", "mf_backend/metrics")


class Measurement:
    """The figures of a run, written after every row, so that a run can be broken off."""

    def __init__(self, path: Path, runner: Runner) -> None:
        self.path = path
        self.runner = runner
        self.scored_by = scoring_code()
        self.told = read_measurement(path) if path.exists() else {"schema": SCHEMA, "shots": {}}

    def of_shot(self, shot: ShotFolder) -> MeasuredShot:
        """Begin a shot, or go on with it; its baselines are measured at once."""
        known = self.told["shots"].get(shot.name)
        if known is None or (known["hash"], known["scored_by"]) != (shot.hash, self.scored_by):
            self.told["shots"][shot.name] = {
                "hash": shot.hash,
                "folder": str(shot.path),
                "held_out": shot.held_out,
                "frames": shot.count,
                "size": list(shot.size),
                "scored_by": self.scored_by,
                "rows": {},
            }
        measured = MeasuredShot(shot, self)
        if not measured.rows:
            measured.rows.update(baseline_rows(measured.truths))
            self.save()
        return measured

    def save(self) -> None:
        """Write the JSON, whole or not at all."""
        write_json(self.path, self.told)


@dataclass(frozen=True)
class MeasuredShot:
    """One shot of a measurement."""

    shot: ShotFolder
    measurement: Measurement

    @property
    def rows(self) -> dict[str, Any]:
        """Figures by row."""
        rows: dict[str, Any] = self.measurement.told["shots"][self.shot.name]["rows"]
        return rows

    @cached_property
    def truths(self) -> TrueFrames:
        """The right answer."""
        return TrueFrames(self.shot)

    def measure(self, variant: Variant) -> None:
        """Edit the shot in one way and score it, unless both are done. Raises MFError."""
        runner = self.measurement.runner
        job = runner.edit(self.shot, variant)
        made = job.report.stat().st_mtime_ns
        row = self.rows.get(variant.name)
        if row is not None and row.get("made") == made:
            return
        report = json.loads(job.report.read_text(encoding="utf-8"))
        about = {
            "made": made,
            "job": str(job.path),
            "seconds": report["timings_seconds"],
            "warnings": [warning["code"] for warning in report["warnings"]],
        }
        for name, figures in result_rows(job, self.truths).items():
            self.rows[f"{variant.name} {name}".strip()] = figures | ({} if name else about)
        self.measurement.save()


def scoring_code() -> str:
    """Hash of the code that scores: figures of another are not mixed with it."""
    digest = hashlib.sha256()
    for folder in _SCORING:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def read_measurement(path: Path) -> dict[str, Any]:
    """What a run wrote. Raises InputError where that is not it."""
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if told["schema"] != SCHEMA or not isinstance(told["shots"], dict):
            raise ValueError(f"schema {told['schema']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "truth-unreadable",
            f"{path} cannot be read as a run's figures: {error!r}.",
            "Give the truth.json that `run` wrote.",
        ) from error
    return told
