"""Real Blenders with the built zip installed, each measured in a window of its own under Xvfb."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from devtools.blender_window import Script, screen, start
from devtools.extension import build
from devtools.real_blender import Blender, program
from devtools.say import DevError
from tests.backend.tiny_job import write_clip

INSIDE = Path(__file__).parent / "inside"
ROOT = Path(__file__).resolve().parents[2]
SHOTS: dict[str, tuple[str, int, tuple[int, int]]] = {
    "light": ("light", 240, (96, 128)),
    "long": ("light", 600, (96, 128)),
    "heavy": ("heavy", 240, (96, 128)),
    "crowded": ("crowded", 24, (96, 128)),
    "large": ("light", 24, (1920, 1080)),
}
"""Name to (scene, frames, size of the footage)."""
_SECONDS = 900


def install(version: str, folder: Path) -> Blender:
    """A Blender with the extension as it is now. Raises DevError where it cannot be had."""
    home = folder / f"home {version}"
    home.mkdir()
    blender = Blender(version, program(version), home)
    blender.install(Path(shutil.copy(build(ROOT, Path(sys.executable)), folder)))
    return blender


def make_shot(blender: Blender, folder: Path, name: str) -> Path:
    """A saved .blend with its footage under `folder`."""
    scene, count, size = SHOTS[name]
    folder.mkdir(parents=True)
    write_clip(folder / "footage", count, size)
    blender.script(INSIDE / "shots.py", folder, scene, str(count), *(str(item) for item in size))
    return folder / f"{scene}.blend"


def measure(blender: Blender, file: Path, out: Path) -> dict[str, Any]:
    """Play the benchmark in a window; what it noted. Raises DevError with what went wrong."""
    script = Script(INSIDE / "window_bench.py", ("bench", out), out / "notes.json")
    with screen() as display:
        played = start(blender, display, file, script, options=()).end(_SECONDS)
    if "Traceback" in played.told:
        raise DevError(played.told[-4000:])
    return played.notes
