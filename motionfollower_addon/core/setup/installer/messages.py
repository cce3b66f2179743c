"""What the installer tells Blender: one JSON object a line. Standard library."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any


class Event(Enum):
    """Kinds of message."""

    PROGRESS = "progress"
    """{step, text, fraction}; fraction is of the whole, 0 to 1."""
    WARNING = "warning"
    """{code, text}"""
    DONE = "done"
    """{python, torch, torch_note, devices, engines, seconds}"""
    FAILED = "failed"
    """{code, message, hint}"""
    CANCELLED = "cancelled"


class Step(Enum):
    """Parts of an installation: name, and its share of the time (as measured here)."""

    PYTHON = ("Looking for a Python", 0.03)
    ENVIRONMENT = ("Making the environment", 0.10)
    PACKAGES = ("Installing packages", 0.45)
    TORCH = ("Installing PyTorch", 0.25)
    BACKEND = ("Installing the backend", 0.02)
    CHECK = ("Reading every file", 0.03)
    LIBRARIES = ("Starting each library", 0.10)
    HANDSHAKE = ("Asking the backend", 0.02)

    @property
    def label(self) -> str:
        """Words for a person."""
        return self.value[0]

    @property
    def begin(self) -> float:
        """Fraction of the whole that comes before."""
        before = list(Step)[: list(Step).index(self)]
        return sum(step.value[1] for step in before)

    def overall(self, part: float) -> float:
        """Fraction of the whole when `part` (0 to 1) of this step is done."""
        return min(1.0, self.begin + self.value[1] * min(1.0, max(0.0, part)))


def send(event: Event, **values: Any) -> None:
    """Tell Blender. A Blender that is gone is noticed on the other pipe."""
    line = json.dumps({"event": event.value, **values}, ensure_ascii=True)
    try:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    except OSError:
        return


def read(line: str) -> tuple[Event, Mapping[str, Any]] | None:
    """A line that `send` wrote; None for anything else."""
    try:
        value = json.loads(line)
        return Event(value["event"]), value
    except (ValueError, KeyError, TypeError):
        return None
