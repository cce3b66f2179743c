"""What the add-on knows about its backend and the jobs it handed over; plain data, no bpy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import ClipKind


class BackendState(Enum):
    """Where the backend process stands."""

    STOPPED = "stopped"
    STARTING = "starting"
    """The process runs; its handshake has not arrived."""
    READY = "ready"
    FAILED = "failed"
    """It did not start, answered wrongly, or ended without being asked."""


class JobPhase(Enum):
    """Where a job that was handed over stands."""

    SUBMITTED = "submitted"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will be heard of the job."""
        return self in (JobPhase.DONE, JobPhase.FAILED, JobPhase.CANCELLED)


@dataclass(frozen=True)
class Handshake:
    """What the backend said about itself; lists are kept as the backend sent them."""

    backend: str
    python: str
    versions: Mapping[str, str]
    devices: tuple[Mapping[str, Any], ...]
    memory: Mapping[str, Any]
    engines: tuple[Mapping[str, Any], ...]

    def engine_missing(self, name: str) -> str | None:
        """A sentence on what keeps an engine from running; None when it can run."""
        for engine in self.engines:
            if engine.get("name") == name:
                lacks = engine.get("missing") or ()
                return (
                    " ".join(str(item.get("how", item.get("what", ""))) for item in lacks) or None
                )
        return f"The backend has no engine named {name!r}."


def read_handshake(value: Mapping[str, Any]) -> Handshake:
    """Build a Handshake from an answer; what a newer or older backend leaves out is empty."""
    return Handshake(
        backend=str(value.get("backend", "")),
        python=str(value.get("python", "")),
        versions=dict(value.get("versions") or {}),
        devices=tuple(value.get("devices") or ()),
        memory=dict(value.get("memory") or {}),
        engines=tuple(value.get("engines") or ()),
    )


@dataclass(frozen=True)
class ClipFacts:
    """What the backend found out about a clip: pixels, frames and rate."""

    kind: ClipKind
    width: int
    height: int
    fps: Fraction
    count: int
    has_audio: bool
    variable_rate: bool
    first_number: int
    missing_numbers: tuple[int, ...]


def read_clip(value: Mapping[str, Any]) -> ClipFacts:
    """Build ClipFacts from the answer to clip/probe."""
    numerator, denominator = value["fps"]
    return ClipFacts(
        kind=ClipKind(value["kind"]),
        width=int(value["width"]),
        height=int(value["height"]),
        fps=Fraction(int(numerator), int(denominator)),
        count=int(value["count"]),
        has_audio=bool(value.get("has_audio", False)),
        variable_rate=bool(value.get("variable_rate", False)),
        first_number=int(value.get("first_number") or 0),
        missing_numbers=tuple(int(n) for n in value.get("missing_numbers") or ()),
    )


@dataclass
class JobStatus:
    """The latest that was heard of one job."""

    id: str
    folder: Path
    phase: JobPhase = JobPhase.SUBMITTED
    position: int = 0
    stage: str = ""
    step: int = 0
    total: int = 0
    overall: float = 0.0
    seconds_left: float | None = None
    note: str = ""
    frame: str = ""
    """Path of the latest finished frame; empty before the first."""
    memory_bytes: int = 0
    """Main memory that the backend holds; 0 where it does not tell."""
    frames: str = ""
    mp4: str = ""
    report: str = ""
    count: int = 0
    """Frames of the clip that the job is about; 0 while not known."""
    actor: str = ""
    """Folder of the actor that was analysed; empty for a job."""
    adapter: str = ""
    """File of what was learnt of the clip; empty where it was not tuned to."""
    decibels: tuple[float, ...] = (0.0, 0.0)
    """Inside the actor of frames that were kept out of tuning: PSNR before and after."""
    looks: tuple[Mapping[str, Any], ...] = ()
    """What of the actor deserves a look: first, last, what."""
    log: str = ""
    error: MFError | None = None
    warnings: list[tuple[str, str]] = field(default_factory=list)
    heard: float = field(default_factory=time.monotonic)

    def sentence(self) -> str:
        """One line for a panel or a terminal."""
        if self.phase is JobPhase.SUBMITTED:
            return "Handing over"
        if self.phase is JobPhase.QUEUED:
            return f"Waiting, {self.position} before it" if self.position else "Waiting"
        if self.phase is JobPhase.RUNNING:
            of = self._how_far()
            left = "" if self.seconds_left is None else f", {duration(self.seconds_left)} left"
            return f"{stage_label(self.stage)}{of}{left}"
        return str(self.phase.value).capitalize()

    def _how_far(self) -> str:
        """In frames of the clip, since a stage may take several steps for each."""
        if not self.total:
            return ""
        if not self.count:
            return f" {self.step}/{self.total}"
        return f", frame {min(self.count, self.step * self.count // self.total)} of {self.count}"


_STAGES = {
    "read": "Reading the clip",
    "actor": "Analysing the actor",
    "tuning images": "Tuning to the footage",
    "joints": "Finding the actor's joints",
    "masks": "Cutting out the actor",
    "align": "Fitting the motion to the actor",
    "target_mask": "Predicting where the actor goes",
    "render": "Rendering",
    "encode": "Writing the video",
    "report": "Writing the report",
}


def stage_label(stage: str) -> str:
    """Words for a stage's name."""
    return _STAGES.get(stage, stage.replace("_", " ").capitalize() or "Starting")


def duration(seconds: float) -> str:
    """A short human duration: 9 s, 3 min, 1 h 20 min."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
