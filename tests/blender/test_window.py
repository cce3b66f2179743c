"""Real Blender windows under Xvfb, driven as a person would and photographed.

The pictures are kept in out/window/VERSION/ to be looked at.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backend.tiny_job import write_clip
from tests.blender.conftest import SCRIPTS, SIZE, Blender
from tests.blender.test_zip import running

pytestmark = pytest.mark.slow

FRAMES = 24


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen of its own."""
    missing = [name for name in ("Xvfb", "import") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)} (apt-get install xvfb imagemagick)")
    # The server chooses a free number and tells it.
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "+extension", "GLX"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait()


@pytest.fixture
def long_shot(blender: Blender, odd_path: Path) -> Path:
    """A saved shot whose job takes some seconds."""
    write_clip(odd_path / "footage", FRAMES, SIZE)
    blender.script("make_scene.py", odd_path, str(FRAMES))
    return odd_path / "shöt 1.blend"


def start(blender: Blender, display: str, file: Path, scenario: str, out: Path) -> Any:
    """Open the file in a window and play a scenario."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "notes.json").unlink(missing_ok=True)
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
    return blender.start(
        "--window-geometry", "0", "0", "1280", "800", "--enable-event-simulate",
        file, "--python", SCRIPTS / "window.py", "--", scenario, out,
        env={"DISPLAY": display}, stderr=log,
    )  # fmt: skip


def play(blender: Blender, display: str, file: Path, scenario: str, out: Path) -> dict[str, Any]:
    """Play a scenario to its end; what it noted. Fails the test with its traceback."""
    process = start(blender, display, file, scenario, out)
    try:
        told, _ = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        process.kill()
        told, _ = process.communicate()
    notes = out / "notes.json"
    assert notes.is_file(), told[-3000:]
    value: dict[str, Any] = json.loads(notes.read_text(encoding="utf-8"))
    assert "error" not in value, value["error"]
    return value


def test_panels_render_and_find_the_take(
    blender: Blender, display: str, long_shot: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    notes = play(blender, display, long_shot, "render", out)

    assert notes["stage"] == "DONE"
    assert [[channel, mute] for _, channel, mute in notes["takes"]] == [[3, False]]
    seconds, stage = notes["hold"]
    drawn = sorted(notes["panel_ms"])
    print(
        f"Blender {blender.version}: longest hold of the main thread {seconds * 1000:.1f} ms, in "
        f"{stage}; panel drawn {len(drawn)} times, median {drawn[len(drawn) // 2]:.2f} ms, "
        f"longest {drawn[-1]:.2f} ms"
    )
    assert notes["overlay_drawn"] >= 2
    for name in ("view3d", "overlay-12", "sequencer", "running", "done"):
        assert (out / f"{name}.png").stat().st_size > 20_000


def test_cancel_midway_and_a_killed_backend(
    blender: Blender, display: str, long_shot: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    notes = play(blender, display, long_shot, "trouble", out)
    assert notes["cancel"] == ["CANCELLED", 0]
    assert "was ended by signal 9" in notes["error_words"]
    assert notes["log"] in notes["error_words"]
    assert Path(notes["log"]).is_file()
    assert notes["kept"] and notes["kept_count"] > 0
    assert (notes["stage"], notes["takes"]) == ("DONE", 1)


def test_blender_killed_midway_started_again_and_resumed(
    blender: Blender, display: str, long_shot: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    sign = out / "frames-come"
    sign.unlink(missing_ok=True)
    process = start(blender, display, long_shot, "begin", out)
    stop = time.monotonic() + 120
    while not (sign.is_file() and sign.read_text()):
        assert time.monotonic() < stop and process.poll() is None, "no frame came"
        time.sleep(0.1)
    backend = int(sign.read_text())
    assert running(backend)

    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    stop = time.monotonic() + 5
    while running(backend):
        assert time.monotonic() < stop, "the backend outlived Blender by 5 s"
        time.sleep(0.05)

    notes = play(blender, display, long_shot, "resume", out)
    assert (notes["stage"], notes["takes"]) == ("DONE", 1)
