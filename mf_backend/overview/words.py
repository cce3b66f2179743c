"""A job of the list in words, for the terminal and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mf_backend.overview.listing import ListedJob, Standing


def duration(seconds: float) -> str:
    """Seconds as a person says them: 45 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def summary(jobs: Sequence[ListedJob]) -> str:
    """How many jobs stand how."""
    if not jobs:
        return "No jobs."
    counts = Counter(job.standing for job in jobs)
    told = ", ".join(f"{counts[standing]} {standing}" for standing in Standing if counts[standing])
    return f"{len(jobs)} job{'s' if len(jobs) > 1 else ''}: {told}."


def how_far(job: ListedJob) -> str:
    """State, progress and who works on it, on one line."""
    words = [str(job.standing)]
    if job.standing not in (Standing.DONE, Standing.REMARKED, Standing.BROKEN) and job.stage:
        words.append(f"{job.overall:.0%} ({job.stage})")
    if job.parts:
        words.append(f"frames {', '.join(job.parts)}")
    if job.host:
        words.append(f"on {job.host}")
    if job.seconds_left is not None:
        words.append(f"about {duration(job.seconds_left)} left")
    if job.standing is Standing.REMARKED:
        words.append(f"{job.doubts} to look at")
    return ", ".join(words)


def lines(job: ListedJob) -> list[str]:
    """A job for the terminal: one line, and one more for what went wrong."""
    told = [f"{job.name}  {job.title}  {how_far(job)}"]
    if job.error:
        told.append(f"    {job.error.get('message', '')} {job.error.get('hint', '')}".rstrip())
    return told
