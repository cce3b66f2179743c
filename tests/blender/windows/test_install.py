"""The preferences in a real window while the backend is set up; pictures go to out/window/."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from devtools import blender_window
from devtools.blender_window import Script
from devtools.real_blender import Blender
from tests.backend.weights.test_fetch import hub  # noqa: F401
from tests.blender.conftest import SCRIPTS

pytestmark = pytest.mark.slow


def test_the_buttons_install_cancel_and_look(
    blender: Blender,
    display: str,
    shot: Path,
    odd_path: Path,
    repository: Path,
    hub: str,  # noqa: F811
) -> None:
    out = repository / "out" / "window" / blender.version
    folder = odd_path / "bäckend"
    base = getattr(sys, "_base_executable", sys.executable)
    arguments = (out, folder, base, sys.executable)
    script = Script(SCRIPTS / "setup/install_window.py", arguments, out / "setup.json")
    hugging_face = {"HF_ENDPOINT": hub, "HF_HOME": str(odd_path / "hub cache")}
    window = blender_window.start(blender, display, shot, script, environment=hugging_face)
    notes = window.end(300).notes
    assert notes["cancelled"] == ["CANCELLED", "INCOMPLETE"]
    assert "no python here" in notes["failed"]
    assert notes["offline"] is True
    assert notes["weights"] is True and notes["complete"] is True
    assert "could not be fetched" in notes["unreachable"]
    assert notes["downloads"] == 2 and notes["fetched"] == "DONE"
    assert notes["ready"] == "READY"
    assert notes["mismatch"].startswith("The installed backend is 0.0.9")
    for name in (
        "absent", "working", "incomplete", "failed", "offline", "weights", "weights-complete",
        "weights-move", "weights-delete", "weights-import", "weights-unreachable", "weights-sizes",
        "weights-fetching", "weights-fetched", "installed", "remove", "mismatch",
    ):  # fmt: skip
        assert (out / f"setup_{name}.png").stat().st_size > 20_000
    shutil.rmtree(folder)
