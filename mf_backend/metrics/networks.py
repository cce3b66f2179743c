"""The published networks that some metrics need: found on this machine or said to be missing.

Nothing is downloaded: the metrics' libraries would fetch their networks by themselves, so they are
only asked once the files are known to be present.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NeededNetwork:
    """What a metric needs, and how to get it."""

    packages: tuple[str, ...]
    """Import names."""
    install: str
    file: str
    how: str


def checkpoints() -> Path:
    """The folder in which torch keeps downloaded networks."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints"


def missing(network: NeededNetwork) -> str | None:
    """One sentence on what is lacking and how to get it; None where everything is here."""
    absent = [name for name in network.packages if importlib.util.find_spec(name) is None]
    sentences = []
    if absent:
        verb = "is" if len(absent) == 1 else "are"
        sentences.append(
            f"The Python package {' and '.join(absent)} {verb} not installed; `{network.install}`."
        )
    folder = checkpoints()
    if not (folder / network.file).is_file():
        sentences.append(
            f"The network {network.file} is not on this machine. {network.how}, and put the file "
            f"into {folder}."
        )
    return " ".join(sentences) or None
