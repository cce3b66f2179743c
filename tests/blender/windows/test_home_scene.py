"""What people do to their file while a job runs, in real Blender windows: where the result lands.

The pictures are kept in out/window/VERSION/home-*.png to be looked at.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devtools.real_blender import Blender
from tests.blender.background.test_zip import running
from tests.blender.conftest import SCRIPTS
from tests.blender.windows.test_window import SECONDS, make_shot, play, start

pytestmark = pytest.mark.slow

FRAMES = 96
"""So many that their job is not over before Blender has quit."""
FRAME = 60
"""The frame that the user looks at."""
PICTURES = (
    "elsewhere", "new_file", "never-saved", "brought-in-here", "undone", "two-scenes",
    "strip-deleted", "rig-deleted", "folder-deleted", "rendering", "quit",
)  # fmt: skip


def check_other_files(notes: dict[str, Any]) -> None:
    """Nothing lands in a file that a job was not made for; its own gets it when it is back."""
    for name in ("elsewhere", "new_file"):
        seen = notes[name]
        assert seen["stage"] == "BRINGING_IN" and seen["untouched"], seen
        assert "comes in when shöt 1.blend is open again" in seen["words"]
        # Brought in, its strip is the one take, and the file wants to be saved.
        assert seen["came"] == ["DONE", True, True], seen
    seen = notes["never_saved"]
    assert seen["file"] == "" and seen["untouched"], seen
    assert "closed without ever being saved. Bring it in here" in seen["words"]
    assert "Bring In Here" in seen["words"]
    stage, strips, words = seen["came"]
    assert stage == "DONE" and "In the Sequencer as" in words
    assert [bool(job) for _, _, job in strips] == [False, True]


def check_saved_files(blender: Blender, notes: dict[str, Any], shot: Path, out: Path) -> None:
    """Each file holds the user's own frame and action, and the take once it was there."""
    assert notes["saving"] == {"frame": FRAME, "stage": "BRINGING_IN", "came": ["DONE", True]}
    assert notes["first_save"]["came"] == ["DONE", True], notes["first_save"]
    blender.script(SCRIPTS / "shots/look_into.py", shot.parent / "saved", out / "saved.json")
    saved = json.loads((out / "saved.json").read_text(encoding="utf-8"))
    assert list(saved) == [
        "0 first", "1 sämpling", "2 sämpling again", "3 working", "4 arriving",
    ]  # fmt: skip
    for name, found in saved.items():
        assert found["action"] == "Wäve", (name, found)
        assert found["frame"] == (1 if name == "0 first" else FRAME), (name, found)
        assert len(found["takes"]) == (name in ("0 first", "4 arriving")), (name, found)


def check_undo(notes: dict[str, Any]) -> None:
    """Undo takes the user's steps and the take away and brings them back; nothing else moves."""
    seen = notes["undoing"]
    assert (seen["frame"], seen["undone"], seen["stage"]) == (FRAME, 1, "BACKEND"), seen
    assert seen["came"] == ["DONE", True, 2], seen
    assert seen["empties"] == 2 and seen["again"] == 1, seen
    came, undone, redone, again = seen["words"]
    for words in (came, redone, again):
        assert "In the Sequencer as clip Wäve" in words and "No takes yet" not in words, words
    assert "the take is no longer in the Sequencer. Bring In" in undone, undone
    assert "No takes yet" in undone, undone


def check_scenes(notes: dict[str, Any]) -> None:
    """The take comes to its own scene, which is the Sequencer's where that shows another."""
    seen = notes["two_scenes"]
    assert seen["came"] == ["DONE", True] and seen["other"], seen
    if "sequencer" in seen:
        assert seen["sequencer"] == ["DONE", True, 1], seen
        assert seen["about"] == ["Sïde", "Scene"], seen


def check_gone(notes: dict[str, Any]) -> None:
    """One clear sentence for each thing that is gone, and the file as it was."""
    stage, strips, words = notes["gone"]["strip"]
    assert stage == "DONE" and len(strips) == 1 and strips[0][2], strips
    assert "The strip footage is no longer in the Sequencer. The take lies where it was" in words
    stage, frame, words = notes["gone"]["rig"]
    assert (stage, frame) == ("FAILED", FRAME)
    assert "The rig, its camera or its scene was removed while the motion was being read" in words
    stage, strips, words = notes["gone"]["folder"]
    assert stage == "FAILED" and [job for _, _, job in strips] == [""]
    assert "The folder of the finished job was deleted or moved" in words
    assert "Try Again" in words
    assert notes["gone"]["again"] == ["DONE", True]


@pytest.fixture
def no_jobs_left(blender: Blender) -> Iterator[None]:
    """The results of files that were never saved would be listed in all that come after."""
    yield
    for folder in blender.home.rglob("motionfollower/jobs"):
        shutil.rmtree(folder)


@pytest.mark.usefixtures("no_jobs_left")
def test_what_happens_to_the_file_while_a_job_runs(
    blender: Blender, display: str, odd_path: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    shot = make_shot(blender, odd_path, FRAMES)
    begin = time.monotonic()
    window = start(blender, display, shot, "home_scene", out, "home_scene/play.py")
    played = window.end(SECONDS)
    ended, notes = time.monotonic(), played.notes
    print(f"Blender {blender.version}: {ended - begin:.1f} s in the window, {notes['seconds']}")

    check_other_files(notes)
    check_saved_files(blender, notes, shot, out)
    check_undo(notes)
    check_scenes(notes)
    check_gone(notes)
    assert notes["rendering"]["rendering"] and notes["rendering"]["takes"] == []
    assert "comes in when Blender has rendered" in notes["rendering"]["words"]
    assert notes["rendering"]["came"] == ["DONE", True, FRAME]
    for name in PICTURES:
        assert (out / f"home-{name}.png").stat().st_size > 20_000

    # It quit by itself, and the backend with it.
    assert window.process.returncode == 0, played.told[-3000:]
    while running(notes["leave"]["pid"]):
        assert time.monotonic() - ended < 5, "the backend outlived Blender by 5 s"
        time.sleep(0.05)
    state = json.loads((Path(notes["leave"]["folder"]) / "state.json").read_text("utf-8"))
    assert state["status"] != "done", state

    notes = play(blender, display, shot, "resume", out)
    assert (notes["stage"], notes["takes"]) == ("DONE", 1)
