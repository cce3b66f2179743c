"""A script played in a real Blender window under Xvfb, and what it noted.

The script leaves its notes as JSON when it ends; `error` in them is its traceback.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from devtools import say
from devtools.real_blender import Blender

GEOMETRY = ("--window-geometry", "0", "0", "1280", "800")
CLICKS = "--enable-event-simulate"
"""Blender's option that lets a script press keys and buttons; true ones are not heard then."""
_LAST = 4000
"""Letters that are told of what a Blender printed."""


def missing_tools() -> list[str]:
    """What a screen needs and this machine does not have."""
    return [name for name in ("Xvfb", "import") if shutil.which(name) is None]


@contextmanager
def screen() -> Iterator[str]:
    """A screen of its own, by its display's name. Raises say.DevError where it cannot be had."""
    if missing_tools():
        tools = " and ".join(missing_tools())
        raise say.DevError(f"A window needs {tools}: apt-get install xvfb imagemagick")
    # The server chooses a free number and tells it.
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "+extension", "GLX"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise say.DevError("Xvfb did not start.")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


@dataclass(frozen=True)
class Script:
    """A Python file to be played, what it is told, and the file of its notes."""

    path: Path
    arguments: tuple[str | Path, ...]
    notes: Path


@dataclass(frozen=True)
class Played:
    """How a script ended."""

    notes: dict[str, Any]
    told: str
    """All that Blender printed."""


@dataclass(frozen=True)
class Window:
    """A Blender that plays a script in its window."""

    process: subprocess.Popen[str]
    script: Script
    _printed: IO[bytes]

    def end(self, seconds: float) -> Played:
        """Wait for its end, so long at most. Raises say.DevError where the script raised or left
        no notes, with its traceback or Blender's last words."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._printed.seek(0)
        told = self._printed.read().decode("utf-8", "replace")
        if not self.script.notes.is_file():
            raise say.DevError(f"{self.script.path.name} left no notes:\n{told[-_LAST:]}")
        notes = json.loads(self.script.notes.read_text(encoding="utf-8"))
        if "error" in notes:
            raise say.DevError(f"{notes['error']}\n{told[-_LAST:]}")
        return Played(notes, told)


def start(
    blender: Blender,
    display: str,
    file: Path,
    script: Script,
    options: Sequence[str] = (CLICKS,),
    environment: Mapping[str, str] | None = None,
) -> Window:
    """Open the file in a window and let it play the script; notes of an earlier one are dropped."""
    script.notes.parent.mkdir(parents=True, exist_ok=True)
    script.notes.unlink(missing_ok=True)
    # No pipe: nobody reads it while the script plays, and a full one would hold Blender up.
    printed = tempfile.TemporaryFile()  # noqa: SIM115 - it goes with the window
    process = blender.start(
        *options, *GEOMETRY, file, "--python", script.path, "--", *script.arguments,
        env={"DISPLAY": display, **(environment or {})}, stdout=printed, stderr=printed,
    )  # fmt: skip
    return Window(process, script, printed)
