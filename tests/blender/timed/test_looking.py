"""Seeing before paying, in real Blender windows: live skeleton, footage behind, fit, one frame.

The pictures are kept in out/window/VERSION/ to be looked at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devtools import blender_window
from devtools.blender_window import Script
from devtools.real_blender import Blender
from tests.backend.tiny_job import write_clip
from tests.blender.conftest import SCRIPTS

pytestmark = pytest.mark.slow

FRAMES = 24
SECONDS = 240
SIZE = (96, 128)
DRAW_MS = 5.0
PANEL_MS = 1.0


def play(blender: Blender, display: str, file: Path, out: Path) -> dict[str, Any]:
    """Play the scenario to its end; what it noted."""
    script = Script(SCRIPTS / "window/looking.py", ("looking", out), out / "notes.json")
    played = blender_window.start(blender, display, file, script).end(SECONDS)
    assert "Traceback" not in played.told, played.told[-3000:]
    return played.notes


def middle(values: list[float]) -> float:
    """The median."""
    return sorted(values)[len(values) // 2]


def test_looking_before_paying(
    blender: Blender, display: str, odd_path: Path, repository: Path
) -> None:
    write_clip(odd_path / "footage", FRAMES, SIZE)
    blender.script(SCRIPTS / "shots/make_scene.py", odd_path, str(FRAMES))
    out = repository / "out" / "window" / blender.version
    notes = play(blender, display, odd_path / "shöt 1.blend", out)

    # The limbs are where Blender itself shows the bones, in the skeleton's colours.
    for name in ("camera-1", "camera-12", "PERSP", "ORTHO"):
        for bone, (wanted, seen) in notes[name].items():
            assert sum(abs(a - b) for a, b in zip(wanted, seen, strict=True)) < 60, (
                name, bone, wanted, seen,
            )  # fmt: skip

    assert notes["backdrop-on"] == [["Own", "MotionFollower footage"], True]
    assert notes["backdrop-off"] == [["Own"], False]
    assert "MotionFollower footage" not in notes["images"]

    assert notes["refused"].strip().endswith("after that.")
    assert notes["stage"] == "DONE"
    assert notes["asked"] and notes["frame_index"] == 5
    assert notes["frame-window"] == [2, list(SIZE)]
    assert notes["frame-editor"] == [1, list(SIZE)]
    handles_before, handles_after, dropped, _ = notes["load"]
    assert (handles_before, handles_after) == (3, 3) and dropped and notes["handles_new"]

    assert notes["samples_still"] <= 1 and FRAMES - 1 <= notes["samples"] <= 2 * FRAMES
    draws, panels = notes["draw_ms"], notes["panel_ms"]
    print(
        f"Blender {blender.version}: overlay drawn {len(draws)} times, median "
        f"{middle(draws):.2f} ms, longest {max(draws):.2f} ms; panel {len(panels)} times, median "
        f"{middle(panels):.2f} ms; one frame at {SIZE[0]}x{SIZE[1]} after "
        f"{' and '.join(f'{s:.2f}' for s in notes['frame_seconds'])} s"
    )
    assert middle(draws) < DRAW_MS
    assert middle(panels) < PANEL_MS
    assert min(notes["frame_seconds"]) < 2
