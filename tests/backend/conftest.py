"""A clip with a person, and running `condition` as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mf_backend.clip import write_png
from mf_backend.clip.image_folder import scan
from mf_backend.clip.picture_file import read_image


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def condition(repository: Path) -> Callable[..., Ran]:
    """Run `python -m mf_backend condition` with arguments."""

    def run(*arguments: object) -> Ran:
        environment = os.environ | {
            "PYTHONPATH": str(repository),
            "PYTHONIOENCODING": "utf-8",
            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2"),
        }
        done = subprocess.run(
            [sys.executable, "-m", "mf_backend", "condition", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            timeout=500,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def actor(shared: Path) -> list[np.ndarray]:
    """Frames of a person, RGB 512x512."""
    return [read_image(path) for path in scan(shared / "clips/case-1/source_images").files]


@contextmanager
def mounted(place: Path, size: str) -> Iterator[Path]:
    """A file system of its own, of a size ("400k"), in a new folder; skips where none can be."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a file system for this test")
    if subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip("this system does not let us mount a file system")
    try:
        yield place
    finally:
        # Files of it that are open do not keep it there, and a test may have taken it away itself.
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 KB."""
    with mounted(tmp_path / "small disk ü", "400k") as place:
        yield place


def write_frames(folder: Path, frames: Sequence[np.ndarray]) -> Path:
    """A folder of numbered PNG files."""
    for index, frame in enumerate(frames):
        write_png(folder / f"frame_{index}.png", frame)
    return folder


def write_joints(path: Path, count: int, size: tuple[int, int]) -> Path:
    """Target joints: a person with raised arms who sways, body only."""
    stand = np.array(
        [
            (0, -150), (0, -120), (-30, -120), (-60, -150), (-70, -190), (30, -120), (60, -150),
            (70, -190), (-18, -20), (-20, 50), (-22, 120), (18, -20), (20, 50), (22, 120),
            (-6, -156), (6, -156), (-14, -152), (14, -152),
        ],
        np.float32,
    )  # fmt: skip
    joints = np.full((count, 60, 2), np.nan, np.float32)
    scale = min(size) / 512
    for index in range(count):
        joints[index, :18] = stand * scale + [size[0] / 2 + 3 * index, size[1] * 0.6]
    np.savez(path, target=joints, size=np.array(size))
    return path
