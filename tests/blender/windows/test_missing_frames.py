"""Takes without their pictures in real windows: Blender must not die of drawing them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from devtools.real_blender import Blender
from tests.blender.windows.test_window import make_shot, play

pytestmark = pytest.mark.slow

FRAMES = 12


@pytest.fixture
def project(blender: Blender, odd_path: Path) -> Path:
    """A saved file whose Sequencer has a take, alone in its folder with the job's."""
    shot = make_shot(blender, odd_path, FRAMES)
    file = odd_path / "pröject" / shot.name
    file.parent.mkdir()
    done = blender.run(
        "-b", shot, "--command", "motionfollower", "render",
        "--output", file.parent / "motionfollower", "--save", file, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return file


def test_the_folder_of_a_take_was_moved(
    blender: Blender, display: str, project: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    jobs = project.parent / "motionfollower"
    (job,) = jobs.iterdir()
    job.rename(jobs / "anöther name")
    notes = play(blender, display, project, "missing", out, "window/missing.py")
    assert notes["opened"] == [[True, "COLOR_01", True]]
    assert "Press Relink Take" in notes["refused"]
    assert notes["relinked"] == [[False, "NONE", False]]


def test_the_file_was_copied_elsewhere(
    blender: Blender, display: str, project: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    # From there the footage is found, but no job.
    copy = project.parents[1] / "elsewhere" / project.name
    copy.parent.mkdir()
    shutil.copy(project, copy)
    notes = play(blender, display, copy, "missing", out, "window/missing.py")
    assert notes["opened"] == [[True, "COLOR_01", True]]
    assert notes["relinked"] == [[False, "NONE", False]]


def test_the_pictures_go_while_the_file_is_open(
    blender: Blender, display: str, project: Path, repository: Path
) -> None:
    out = repository / "out" / "window" / blender.version
    notes = play(blender, display, project, "lost", out, "window/missing.py")
    assert notes["opened"] == [[False, "NONE", False]]
    assert notes["drawn"]
