"""Setting up from the installed zip, by the Python that a real Blender brings."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devtools.real_blender import Blender
from tests.blender.conftest import SCRIPTS

pytestmark = pytest.mark.slow


def play(
    blender: Blender, mode: str, odd_path: Path, online: bool, timeout: float = 120
) -> dict[str, Any]:
    """Run one mode of install_steps.py; what it noted."""
    out = odd_path / f"{mode}.json"
    base = getattr(sys, "_base_executable", sys.executable)
    done = blender.run(
        "-b", "--online-mode" if online else "--offline-mode",
        "--python-exit-code", "9", "--python", SCRIPTS / "setup/install_steps.py",
        "--", mode, out, odd_path / "bäckend", base,
        timeout=timeout,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    value: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert value["online"] is online
    return value


def test_offline_nothing_is_downloaded(blender: Blender, odd_path: Path) -> None:
    notes = play(blender, "install_backend", odd_path, online=False)
    assert "online access is off, so nothing is downloaded" in notes["words"]
    assert notes["state"] == "ABSENT"
    assert not (odd_path / "bäckend").exists()


def test_cancelled_by_blenders_python_and_kept(blender: Blender, odd_path: Path) -> None:
    notes = play(blender, "begin", odd_path, online=True, timeout=240)
    assert (notes["phase"], notes["state"]) == ("CANCELLED", "INCOMPLETE"), notes
    assert notes["seconds_to_stop"] < 5
    assert notes["backend_python"] == ""
    assert list((odd_path / "bäckend").glob("environment/**/*.dist-info"))


def test_installed_in_blender_and_used(blender: Blender, odd_path: Path) -> None:
    if blender.version != "5.2":
        pytest.skip("one Blender installs everything; the others stop midway")
    notes = play(blender, "install_backend", odd_path, online=True, timeout=560)
    assert (notes["words"], notes["state"]) == ("", "READY")
    python = Path(notes["backend_python"])
    assert python.is_file() and (odd_path / "bäckend") in python.parents
    answer = subprocess.run(
        [str(python), "-c", "import mf_backend, torch; print(mf_backend.__version__)"],
        capture_output=True, text=True, cwd=odd_path, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    # Verifying needs no connection.
    notes = play(blender, "verify_backend", odd_path, online=False, timeout=240)
    assert (notes["words"], notes["state"]) == ("", "READY")
    shutil.rmtree(odd_path / "bäckend")  # pytest keeps what tests leave; this would be 1.6 GB
