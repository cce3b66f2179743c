"""report.json: what a job was made from, with what, and how long it took."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mf_backend.clip import Clip
from mf_backend.contracts.disk.marks import FileMark
from mf_backend.contracts.files import hash_file, write_json
from mf_backend.contracts.machine import resources
from mf_backend.contracts.request import JobRequest, to_dict
from mf_backend.engines.base import Engine
from mf_backend.jobs.analysis.stored import ACTOR
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import JobState
from mf_backend.jobs.record.stage_record import (
    DamagedRecordError,
    StageFiles,
    read_record,
    record_path,
    write_record,
)
from mf_backend.jobs.stages.names import REPORT

SCHEMA = 1


def clip_facts(clip: Clip, sha256: str) -> dict[str, Any]:
    """The reference clip and the range that was used."""
    info = clip.info
    return {
        "path": str(clip.path),
        "sha256": sha256,
        "kind": info.kind.value,
        "size": [info.width, info.height],
        "fps": [clip.fps.numerator, clip.fps.denominator],
        "frames_in_clip": info.count,
        "first": clip.first,
        "count": clip.count,
        "has_audio": info.has_audio,
        "variable_rate": info.variable_rate,
    }


def frames_per_second(state: JobState, count: int) -> dict[str, float | None]:
    """Rates of the rendering stage alone and of the whole job; None where nothing was measured.

    A resumed rendering is measured over the frames and seconds of its last run.
    """
    last = state.facts.get("rendered") or {}
    made, seconds = last.get("frames") or 0, last.get("seconds") or 0.0
    whole = sum(record.seconds for record in state.stages.values())
    return {
        "render": round(made / seconds, 3) if made and seconds else None,
        "whole_job": round(count / whole, 3) if whole else None,
    }


def write_report(
    job: JobFolder, request: JobRequest, clip: Clip, engine: Engine, state: JobState, copy: str
) -> None:
    """Write report.json; `copy` is where the mp4's copy is. Paths inside the job folder are
    relative to it."""
    asked = to_dict(request)
    report = {
        "schema": SCHEMA,
        "id": request.id,
        "started": state.facts.get("started"),
        "finished": state.facts.get("finished"),
        "reference": state.facts.get("reference"),
        "inputs": state.facts.get("inputs"),
        "actor": state.facts.get(ACTOR),
        "target": asked["target"],
        "settings": asked["settings"],
        "seed": request.settings.seed,
        "engine": {
            "name": engine.name,
            "label": engine.label,
            "fingerprint": engine.fingerprint(request.settings),
        },
        "outputs": {
            "frames": job.relative(job.frames),
            "mp4": job.relative(job.mp4),
            "mp4_sha256": hash_file(job.mp4),
            "mp4_copy": copy,
            "count": clip.count,
            "size": list(clip.size),
            "fps": [clip.fps.numerator, clip.fps.denominator],
        },
        "log": job.relative(job.log),
        "conditions": job.relative(job.conditions),
        "stages": {name: asdict(record) for name, record in state.stages.items()},
        "timings_seconds": {
            name: round(record.seconds, 3) for name, record in state.stages.items()
        },
        "rendered": state.facts.get("rendered"),
        "frames_per_second": frames_per_second(state, clip.count),
        "peak_memory": state.facts.get("peak_memory"),
        "warnings": [{"code": code, "message": text} for code, text in state.warnings],
        "versions": resources.versions(),
        "machine": resources.machine(),
        "about": request.about,
    }
    write_json(job.report, report, make_folder=False)


def record_report(job: JobFolder) -> None:
    """Note what report.json is, so that a changed one is told."""
    files = {job.relative(job.report): FileMark.of(job.report)}
    write_record(record_path(job, REPORT), StageFiles("", "", files, finished=True))


def was_changed(job: JobFolder) -> bool:
    """Whether report.json is another than the one that was written, or gone."""
    try:
        record = read_record(record_path(job, REPORT))
    except DamagedRecordError:
        return False
    marks = record.files.values() if record is not None else ()
    return any(mark is None or not mark.fits(job.report) for mark in marks)
