"""Real Blenders with the built zip installed, each measured in a window of its own under Xvfb."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from devtools.blenders import cache_folder
from devtools.extension import build
from tests.backend.tiny_job import write_clip
from tests.blender.conftest import Blender
from tests.blender.screen import last_words, start_screen

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
    """A Blender with the extension as it is now. Raises SystemExit where it cannot be had."""
    program = cache_folder() / f"blender-{version}" / "blender"
    if not program.is_file():
        raise SystemExit(f"Blender {version} is not at {program}; `dev.py test` fetches it.")
    for tool in ("Xvfb", "import"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is missing: apt-get install xvfb imagemagick")
    home = folder / f"home {version}"
    home.mkdir()
    blender = Blender(version, program, home)
    extension = shutil.copy(build(ROOT, Path(sys.executable)), folder)
    done = blender.run(
        "--command", "extension", "install-file", "-r", "user_default", "--enable", extension
    )
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return blender


def make_shot(blender: Blender, folder: Path, name: str) -> Path:
    """A saved .blend with its footage under `folder`."""
    scene, count, size = SHOTS[name]
    folder.mkdir(parents=True)
    write_clip(folder / "footage", count, size)
    done = blender.run(
        "-b", "--python-exit-code", "9", "--python", INSIDE / "shots.py",
        "--", folder, scene, str(count), *(str(item) for item in size),
    )  # fmt: skip
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    return folder / f"{scene}.blend"


def measure(blender: Blender, file: Path, out: Path) -> dict[str, Any]:
    """Play the benchmark in a window; what it noted. Raises SystemExit with what went wrong."""
    out.mkdir(parents=True, exist_ok=True)
    screen, display = start_screen()
    try:
        process = blender.start(
            "--window-geometry", "0", "0", "1280", "800", file,
            "--python", INSIDE / "window_bench.py", "--", "bench", out,
            env={"DISPLAY": display}, stderr=subprocess.STDOUT,
        )  # fmt: skip
        told = last_words(process, _SECONDS)
    finally:
        screen.terminate()
        screen.wait()
    notes = out / "notes.json"
    if not notes.is_file():
        raise SystemExit(told[-3000:])
    value: dict[str, Any] = json.loads(notes.read_text(encoding="utf-8"))
    if "error" in value or "Traceback" in told:
        raise SystemExit(value.get("error", "") + told[-4000:])
    return value
