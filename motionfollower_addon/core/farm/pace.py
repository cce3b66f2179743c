"""How long takes have taken here, as the guess for those to come."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mf_backend.contracts.errors import MFError
from mf_backend.contracts.request import Settings, read_request
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.state import Status, read_state


def seconds_a_frame(roots: Iterable[Path], settings: Settings) -> float | None:
    """Mean of the finished jobs in some folders with this engine and quality; None without any."""
    frames, seconds = 0, 0.0
    for file in (file for root in roots for file in sorted(root.glob("[!.]*/job.json"))):
        try:
            request = read_request(file)
        except MFError:
            # Somebody else's file, or one of another version: no measure for ours.
            continue
        state = read_state(JobFolder(file.parent).state)
        made = request.settings
        same = (made.engine, made.quality) == (settings.engine, settings.quality)
        if state.status is Status.DONE and same:
            frames += request.reference.count
            seconds += sum(stage.seconds for stage in state.stages.values())
    return seconds / frames if frames else None


def in_words(seconds: float | None) -> str:
    """A time for a person."""
    if seconds is None:
        return "not known, since no take with these settings was finished here yet"
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"
