"""Takes the guide's pictures from a real Blender window: python -m docs.take_pictures [actor]

With `actor` only those of the actor. Needs Linux with Xvfb and ImageMagick, the Blender 5.2 of the
window tests, and out/demo of `dev.py demo`, whose file is copied first and whose own rendered
figure is the footage.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from devtools.blender_window import Script, screen, start
from devtools.extension import build
from devtools.real_blender import Blender, program
from devtools.say import DevError
from tests.blender.conftest import SCRIPTS

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
    blender = Blender(VERSION, program(VERSION), folder / "home")
    blender.home.mkdir()
    blender.install(build(ROOT, Path(sys.executable)))
    base = getattr(sys, "_base_executable", sys.executable)
    script = Script(SCRIPTS / "window/pictures.py", (part, folder), folder / "notes.json")
    with screen() as display:
        window = start(
            blender, display, folder / "demo" / "demo.blend", script,
            options=("--online-mode",), environment={"MF_PICTURES_PYTHON": base},
        )  # fmt: skip
        value = window.end(SECONDS).notes
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
        try:
            boxes = photograph(folder, part)
        except DevError as error:
            raise SystemExit(str(error)) from None
        for picture, box in boxes.items():
            path = cut(folder / f"{picture}.png", box, target / picture)
            size = path.stat().st_size
            print(f"docs/pictures/{path.name}: {size} bytes")
            if size > MOST_BYTES:
                raise SystemExit(f"{path.name} is larger than {MOST_BYTES} bytes.")


if __name__ == "__main__":
    main()
