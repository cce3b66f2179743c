"""The live skeleton of an action that is only chosen, in real windows."""

from __future__ import annotations

from pathlib import Path

import pytest

from devtools.real_blender import Blender
from tests.blender.windows.test_window import make_shot, play

pytestmark = pytest.mark.slow


def test_the_skeleton_of_the_chosen_action_is_shown(
    blender: Blender, display: str, odd_path: Path, repository: Path
) -> None:
    shot = make_shot(blender, odd_path, 12)
    out = repository / "out" / "window" / blender.version
    notes = play(blender, display, shot, "chosen", out, "window/chosen_action.py")
    assert notes["drawn"] >= 1
    assert notes["kept"] and notes["frame"] == 6
    assert notes["pose"] == notes["wanted"] is not None
    print(
        f"Blender {blender.version}: {notes['idle_draws']} drawings in 2 s in which nothing moved"
    )
    assert notes["idle_draws"] <= 2
