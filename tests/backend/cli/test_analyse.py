"""`analyse` as people and programs call it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.backend.conftest import write_frames
from tests.backend.tiny_job import backend


@pytest.fixture(scope="module")
def clip(actor: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = [cv2.resize(frame, (256, 256), interpolation=cv2.INTER_AREA) for frame in actor[:2]]
    return write_frames(tmp_path_factory.mktemp("clip") / "walk", small)


def test_the_result_names_the_actor(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "äctors"
    done = backend("analyse", str(clip), "--out", str(out), "--progress", "json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[-1]["event"] == "done" and lines[-1]["analysed"] == 2
    assert Path(lines[-1]["actor"], "joints.npz").is_file()
    again = backend("analyse", str(clip), "--out", str(out))
    assert f"All of frames 0 to 1 was there: {lines[-1]['actor']}" in again.stdout


def test_a_full_disk_is_one_sentence(clip: Path, small_disk: Path) -> None:
    done = backend("analyse", str(clip), "--out", str(small_disk / "actors"), "--json")
    assert done.returncode == 6
    told = json.loads(done.stdout)["error"]
    assert told["code"] == "disk-full"
    assert "The disk is full" in told["message"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--first", "9"], "the clip has frames 0 to 1"),
        (["--person", "5,10,10"], "pointed at on frame 5"),
        (["--click", "5,10,10"], "the clip has frames 0 to 1"),
        (["--click", "0,10"], "F,X,Y with a whole frame number F from 0"),
        (["--click", "0,10,10", "--click", "0,20,10"], "no frame twice"),
        (["--mask-estimator", "magic"], "magic"),
    ],
)
def test_wrong_input_is_one_sentence(
    clip: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = backend("analyse", str(clip), "--out", str(tmp_path / "actors"), *arguments)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "actors").exists()
