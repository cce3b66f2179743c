"""Takes the guide's pictures from a real Blender window: python -m docs.take_pictures [actor]

With `actor` only those of the actor. Needs Linux with Xvfb and ImageMagick, the Blender 5.2 of the
window tests, and out/demo of `dev.py demo`, whose file is copied first and whose own rendered
figure is the footage.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from devtools.blenders import cache_folder
from devtools.extension import build
from tests.blender.conftest import SCRIPTS, Blender
from tests.blender.screen import last_words, start_screen

ROOT = Path(__file__).resolve().parents[1]
VERSION = "5.2"
SECONDS = 500
MOST_BYTES = 150_000
_ALL = "pictures"
_SIDEBAR = 400
"""Pixels that no sidebar of the window is wide."""
_WHOLE = ("compare", "setup")
"""Pictures that are no sidebar, however narrow."""
_TABS = 30
"""Width of the sidebar's tabs."""
_CORNERS = 16
"""Rows at the region's end that the area's round corners are in."""
_BLACK = 12
"""Mean brightness of a row, 0 to 255, that holds nothing."""


def photograph(folder: Path, part: str) -> dict[str, list[int]]:
    """Drive the window in `folder` for all pictures or a part; what to cut out of each screen."""
    demo = ROOT / "out" / "demo"
    if not (demo / "demo.blend").is_file():
        raise SystemExit("Run `python3 dev.py demo` first: the pictures show what it made.")
    shutil.copytree(demo, folder / "demo")
    program = cache_folder() / f"blender-{VERSION}" / "blender"
    if not program.is_file():
        raise SystemExit(f"Blender {VERSION} is not at {program}; `dev.py test` fetches it.")
    blender = Blender(VERSION, program, folder / "home")
    blender.home.mkdir()
    extension = build(ROOT, Path(sys.executable))
    done = blender.run(
        "--command", "extension", "install-file", "-r", "user_default", "--enable", extension
    )
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)
    base = getattr(sys, "_base_executable", sys.executable)
    screen, display = start_screen()
    try:
        process = blender.start(
            "--online-mode", "--window-geometry", "0", "0", "1280", "800",
            folder / "demo" / "demo.blend",
            "--python", SCRIPTS / "window/pictures.py", "--", part, folder,
            env={"DISPLAY": display, "MF_PICTURES_PYTHON": base}, stderr=subprocess.STDOUT,
        )  # fmt: skip
        told = last_words(process, SECONDS)
    finally:
        screen.terminate()
        screen.wait()
    notes = folder / "notes.json"
    if not notes.is_file():
        raise SystemExit(told[-3000:])
    value = json.loads(notes.read_text(encoding="utf-8"))
    if "error" in value:
        raise SystemExit(value["error"])
    cuts: dict[str, list[int]] = value["cuts"]
    return cuts


def cut(screen: Path, box: list[int], target: Path) -> Path:
    """Write what is inside the box and return the file: a sidebar without the emptiness around it
    as PNG, a whole area as JPEG, which keeps the skeletons' colours in little space."""
    x, y, width, height = box
    with Image.open(screen) as whole:
        top = whole.height - y - height
        part = whole.convert("RGB").crop((x, top, x + width, top + height))
    if width > _SIDEBAR or target.name in _WHOLE:
        path = target.with_suffix(".jpg")
        part.save(path, quality=80, subsampling=0, optimize=True)
        return path
    light = np.asarray(part)[:, 8 : width - 48].max(axis=2).mean(axis=1) >= _BLACK
    used = np.flatnonzero(light[:-_CORNERS])
    part = part.crop((0, int(used[0]), width - _TABS, int(used[-1]) + 1))
    path = target.with_suffix(".png")
    part.quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)
    return path


def main() -> None:
    """Take, cut and keep every picture."""
    part = sys.argv[1] if len(sys.argv) > 1 else _ALL
    if part not in (_ALL, "actor"):
        raise SystemExit(f"There is no part {part!r}: say `actor`, or nothing for all pictures.")
    target = ROOT / "docs" / "pictures"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for picture, box in photograph(folder, part).items():
            path = cut(folder / f"{picture}.png", box, target / picture)
            size = path.stat().st_size
            print(f"docs/pictures/{path.name}: {size} bytes")
            if size > MOST_BYTES:
                raise SystemExit(f"{path.name} is larger than {MOST_BYTES} bytes.")


if __name__ == "__main__":
    main()
