"""The demo as a person starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def _demo(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(repository), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--hand-over",)], ids=["estimated", "handed over"])
def test_a_short_demo_leaves_its_three_files(
    repository: Path, odd_path: Path, more: tuple[str, ...]
) -> None:
    output = odd_path / "démo"
    done = _demo(repository, "--frames", "12", "--output", str(output), *more)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("demo.blend", "result.mp4", "contact_sheet.png"):
        assert (output / name).stat().st_size > 10_000
    assert "Frames: 12 came out, 12 went in" in done.stdout
    assert "all equal the clip's" in done.stdout
    assert "frames a second" in done.stdout
    assert (output / "given_joints.npz").is_file() == bool(more)


@pytest.mark.slow
def test_a_missing_clip_is_one_sentence(repository: Path, odd_path: Path) -> None:
    done = _demo(
        repository, "--clip", str(odd_path / "none.mp4"), "--output", str(odd_path / "out")
    )
    assert done.returncode == 2
    assert "none.mp4" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_with_other_files_is_left_alone(repository: Path, odd_path: Path) -> None:
    mine = odd_path / "mine.txt"
    mine.write_text("mine", encoding="utf-8")
    done = _demo(repository, "--output", str(odd_path))
    assert done.returncode == 2
    assert "no demo made" in done.stderr
    assert mine.read_text(encoding="utf-8") == "mine"
