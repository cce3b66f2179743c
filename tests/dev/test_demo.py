"""The demo as a person starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mf_backend.clip import write_png


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
def test_a_short_demo_leaves_its_three_files(repository: Path, odd_path: Path) -> None:
    """With joints and masks handed over; .ci/run makes the demo that estimates them, whole."""
    output = odd_path / "démo"
    done = _demo(repository, "--frames", "8", "--output", str(output), "--hand-over")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("demo.blend", "result.mp4", "contact_sheet.png"):
        assert (output / name).stat().st_size > 10_000
    assert "Frames: 8 came out, 8 went in" in done.stdout
    assert "all equal the clip's" in done.stdout
    assert "frames a second" in done.stdout
    assert "Against the film of the right answer" in done.stdout
    assert len(list((output / "filmed" / "truth" / "frames").glob("*.png"))) == 8
    assert (output / "given_joints.npz").is_file()


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


def test_the_measure_sees_a_lost_arm_and_one_that_stayed_behind(tmp_path: Path) -> None:
    from demo.measure import against_truth

    random = np.random.default_rng(1)
    bare = random.integers(60, 120, (64, 48, 3), dtype=np.uint8)
    person = random.integers(150, 250, (64, 48, 3), dtype=np.uint8)
    trunk, arm_before, arm_after = (np.zeros((64, 48), bool) for _ in range(3))
    trunk[10:60, 18:30] = arm_before[30:50, 12:18] = arm_after[4:24, 12:18] = True

    def picture(*parts: np.ndarray) -> np.ndarray:
        return np.where(np.any(parts, axis=0)[..., None], person, bare).astype(np.uint8)

    def write(name: str, frame: np.ndarray) -> Path:
        (tmp_path / name).mkdir(parents=True)
        for index in (1, 2):
            write_png(tmp_path / name / f"{index:06d}.png", frame)
        return tmp_path / name

    for take, arm in (("source", arm_before), ("truth", arm_after)):
        matte = np.where(trunk | arm, 255, 0).astype(np.uint8)
        write(f"{take}/alpha", matte)
    write("truth/frames", picture(trunk, arm_after))
    actor, moved = against_truth(write("exact", picture(trunk, arm_after)), tmp_path)
    assert actor > 70
    assert moved > 70
    footage = against_truth(write("footage", picture(trunk, arm_before)), tmp_path)
    torn = against_truth(write("torn", picture(trunk)), tmp_path)
    behind = against_truth(write("behind", picture(trunk, arm_before, arm_after)), tmp_path)
    assert footage[1] < torn[1] < 15
    assert footage[1] < behind[1] < 15
    assert torn[0] < 20
