"""What a run has Blender draw: our panels and no 3D View, whose scene may take long."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.real_blender import Blender
from tests.blender.windows.test_window import make_shot, play

pytestmark = pytest.mark.slow

FRAMES = 24


def test_only_our_panels_are_drawn(
    blender: Blender, display: str, odd_path: Path, repository: Path
) -> None:
    shot = make_shot(blender, odd_path, FRAMES)
    out = repository / "out" / "window" / blender.version
    notes = play(blender, display, shot, "redraws", out, "window/redraws.py")
    drawn, seconds = notes["reading"]
    views, panels, states = notes["working"]
    answered = notes["answer_drawn_after"]
    print(
        f"Blender {blender.version}: {FRAMES} frames read in {seconds} s, the 3D View drawn "
        f"{drawn} times; while the backend worked {views} times, the panel {panels} times for "
        f"{states} states; the backend's answer drawn after {answered} s"
    )
    assert notes["sampled"] == FRAMES
    assert drawn <= 2
    assert views <= 2
    assert panels >= states / 2
    assert answered is not None and answered < 1.5
