"""A batch of takes, and the work that every farm engine is asked to do for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

COMMAND = "motionfollower"
"""Name of the add-on's command line."""


@dataclass(frozen=True)
class Batch:
    """Takes that are worked on elsewhere. All paths are absolute."""

    name: str
    blend: Path
    """The .blend that the rigs are in, and that the takes come back to."""
    shots: Path
    """List of all shots, as `prepare --list` reads it."""
    jobs: Path
    """Folder of the numbered job folders."""
    saved: Path
    """The .blend with the takes, once they are brought in."""
    takes: str
    """Numbers of the shots that are meant, such as 1-3,5."""
    gpu_memory_mib: int = 0
    """What one take needs of a graphics card, in MiB; 0: it needs none."""
    files: tuple[Path, ...] = ()
    """Files that the takes are made from besides: clips that are videos, joints."""
    folders: tuple[Path, ...] = ()
    """Folders of the same kind: clips that are images, masks, skeleton pictures."""
    weights: Path | None = None
    """Folder of the engine's weights; None: each host's own."""


@dataclass(frozen=True)
class Words:
    """How an engine writes what it fills in itself: programs, paths and the number of a take."""

    blender: str
    python: str
    blend: str
    shots: str
    jobs: str
    saved: str
    takes: str
    take: str


def prepare(words: Words) -> tuple[str, ...]:
    """The command that writes the job folders; needs Blender, no graphics card."""
    start = (words.blender, "-b", words.blend, "--command", COMMAND, "prepare")
    return (*start, "--list", words.shots, "--takes", words.takes, "--output", words.jobs)


def render(words: Words) -> tuple[str, ...]:
    """The command that works on one take; needs the backend's Python, no Blender."""
    return (words.python, "-m", "mf_backend", "run", f"{words.jobs}/{words.take}")


def bring_in(words: Words) -> tuple[str, ...]:
    """The command that puts the finished takes into the .blend; needs Blender."""
    start = (words.blender, "-b", words.blend, "--command", COMMAND, "bring-in", words.jobs)
    return (*start, "--takes", words.takes, "--save", words.saved)
