"""The preferences in a real window while the backend is set up; pictures go to out/window/."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend.weights.test_fetch import hub  # noqa: F401
from tests.blender.conftest import SCRIPTS, Blender
from tests.blender.screen import last_words

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
    out.mkdir(parents=True, exist_ok=True)
    (out / "setup.json").unlink(missing_ok=True)
    folder = odd_path / "bäckend"
    base = getattr(sys, "_base_executable", sys.executable)
    process = blender.start(
        "--enable-event-simulate", "--window-geometry", "0", "0", "1280", "800", shot,
        "--python", SCRIPTS / "setup/install_window.py", "--", out, folder, base, sys.executable,
        env={"DISPLAY": display, "HF_ENDPOINT": hub, "HF_HOME": str(odd_path / "hub cache")},
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    told = last_words(process, 300)
    assert (out / "setup.json").is_file(), told[-3000:]
    notes = json.loads((out / "setup.json").read_text(encoding="utf-8"))
    assert "error" not in notes, notes["error"]
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
