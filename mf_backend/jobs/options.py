"""What one run of a job is asked for besides its job.json, and what it left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mf_backend.contracts.request import JobRequest
from mf_backend.jobs.disk.folder import FrameRange
from mf_backend.jobs.path_mapping import PathMapping
from mf_backend.jobs.stages.names import REPORT


@dataclass(frozen=True)
class RunOptions:
    """How one run differs from what job.json says."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    """Settings that this run has otherwise; the report holds what was used."""
    until: str = REPORT
    """The stage after which the run ends; a later one goes on from there."""
    mapping: PathMapping = field(default_factory=PathMapping)
    """Where this host has what job.json names by absolute paths."""

    def request(self, request: JobRequest) -> JobRequest:
        """The request as this run does it."""
        changed = replace(request, settings=replace(request.settings, **self.changes))
        return self.mapping.request(changed)


@dataclass(frozen=True)
class JobResult:
    """What a run left: all of a job, or its stages up to `reached`."""

    id: str
    frames: Path
    mp4: Path
    report: Path
    count: int
    reached: str = REPORT
    part: FrameRange | None = None
    """Set where only these frames were asked for; `count` is then their number."""

    @property
    def finished(self) -> bool:
        """Whether the whole job is done."""
        return self.reached == REPORT
