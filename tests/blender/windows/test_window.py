"""Real Blender windows under Xvfb, driven as a person would and photographed.

The pictures are kept in out/window/VERSION/ to be looked at.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from devtools import blender_window
from devtools.blender_window import Script, Window
from devtools.real_blender import Blender
from tests.addon.movies import write_movie
from tests.backend.tiny_job import write_clip
from tests.blender.background.test_zip import running
from tests.blender.conftest import SCRIPTS, SIZE

pytestmark = pytest.mark.slow

FRAMES = 24
RUNS = "window/runs.py"
"""The script whose scenarios are runs of a shot."""
SECONDS = 240
"""A scenario is ended after so many."""


def make_shot(blender: Blender, folder: Path, frames: int) -> Path:
    """A saved shot of that many frames."""
    write_clip(folder / "footage", frames, SIZE)
    blender.script(SCRIPTS / "shots/make_scene.py", folder, str(frames))
    return folder / "shöt 1.blend"


@pytest.fixture
def long_shot(blender: Blender, odd_path: Path) -> Path:
    """A saved shot whose job takes some seconds."""
    return make_shot(blender, odd_path, FRAMES)


def start(
    blender: Blender, display: str, file: Path, scenario: str, out: Path, script: str = RUNS
) -> Window:
    """Open the file in a window and play a scenario."""
    played = Script(SCRIPTS / script, (scenario, out), out / "notes.json")
    return blender_window.start(blender, display, file, played)


def play(
    blender: Blender, display: str, file: Path, scenario: str, out: Path, script: str = RUNS
) -> dict[str, Any]:
    """Play a scenario to its end; what it noted. Fails the test with its traceback."""
    return start(blender, display, file, scenario, out, script).end(SECONDS).notes


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


def test_each_state_is_photographed_and_says_what_to_do(
    blender: Blender, display: str, long_shot: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    clip = long_shot.parent / "footage" / "clip"
    write_movie(long_shot.parent / "möv.mp4", clip, 24, False)
    notes = play(blender, display, long_shot, "states", out, "window/states.py")
    said = notes["reasons"]
    for name, words in {
        "no-backend": "press Install Backend in the preferences",
        "bones-missing": "Choose what is missing in Bones",
        "no-motion": "has no action",
        "two-rigs": "several armatures: Rig, Rig 2",
        "no-camera": "has no camera",
        "memory": "import them in the preferences",
        "file-missing": "'footage' is not on disk. Choose it again: see Footage.",
        "clip-missing": "The clip is not on disk.",
    }.items():
        assert words in said[name], said
    for name in (
        "bones-guessed", "partial-rig", "memory-short", "queued", "takes", "compare-wipe",
        "compare-side",
    ):  # fmt: skip
        assert said[name] == "", said
    assert "'movie' is retimed" in notes["retimed"]
    assert "Reset its retiming" in said["sequencer-open"]
    assert notes["short"].startswith("Too little memory: it needs about")
    assert "Close other programs" in notes["short"]
    assert notes["memory"]
    for name in said:
        assert (out / f"state-{name}.png").stat().st_size > 20_000


def test_cancel_midway_and_a_killed_backend(
    blender: Blender, display: str, odd_path: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    # Long enough that a click on Cancel comes before the end.
    shot = make_shot(blender, odd_path, 3 * FRAMES)
    notes = play(blender, display, shot, "trouble", out)
    assert notes["cancel"] == ["CANCELLED", 0]
    assert "was stopped from outside" in notes["error_words"]
    assert notes["log"] in notes["error_words"]
    assert Path(notes["log"]).is_file()
    assert notes["opened"] is True
    assert '"status"' in notes["copied"]
    assert notes["log_shown"].strip()
    assert notes["kept"] and notes["kept_count"] > 0
    assert (notes["stage"], notes["takes"]) == ("DONE", 1)
    assert notes["left"] == 0, "a finished run is taken off the list by its button"


def test_blender_killed_midway_started_again_and_resumed(
    blender: Blender, display: str, long_shot: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    sign = out / "frames-come"
    sign.unlink(missing_ok=True)
    process = start(blender, display, long_shot, "begin", out).process
    stop = time.monotonic() + 120
    while not (sign.is_file() and sign.read_text()):
        assert time.monotonic() < stop and process.poll() is None, "no frame came"
        time.sleep(0.1)
    backend = int(sign.read_text())
    assert running(backend)

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    stop = time.monotonic() + 5
    while running(backend):
        assert time.monotonic() < stop, "the backend outlived Blender by 5 s"
        time.sleep(0.05)

    notes = play(blender, display, long_shot, "resume", out)
    assert (notes["stage"], notes["takes"]) == ("DONE", 1)
