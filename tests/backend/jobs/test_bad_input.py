"""Wrong input: one sentence, the right exit code, nothing lost, and a state that says so."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mf_backend.clip import encode_mp4
from mf_backend.contracts.files import write_npz
from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.lock import hold
from tests.backend.tiny_job import (
    backend,
    edit_request,
    figure_joints,
    make_job,
    write_picture,
)


def clip_missing(job: JobFolder, material: Path) -> None:
    edit_request(job, reference__path=str(material / "no clip ü"))


def clip_truncated(job: JobFolder, material: Path) -> None:
    rng = np.random.default_rng(1)
    frames = [rng.integers(0, 255, (128, 96, 3), dtype=np.uint8) for _ in range(4)]
    video = material / "whole.mp4"
    encode_mp4(frames, (96, 128), Fraction(24), video)
    data = video.read_bytes()
    cut = material / "cut.mp4"
    cut.write_bytes(data[: len(data) // 2])
    edit_request(job, reference__path=str(cut), reference__kind="video", reference__fps=0.0)


def clip_not_a_video(job: JobFolder, material: Path) -> None:
    fake = material / "text.mp4"
    fake.write_text("no video", encoding="utf-8")
    edit_request(job, reference__path=str(fake), reference__kind="video")


def clip_with_a_hole(job: JobFolder, material: Path) -> None:
    (material / "clip" / "frame_0002.png").unlink()


def clip_of_mixed_sizes(job: JobFolder, material: Path) -> None:
    write_picture(material / "clip" / "frame_0001.png", np.zeros((64, 64, 3), np.uint8))


def clip_damaged(job: JobFolder, material: Path) -> None:
    path = material / "clip" / "frame_0001.png"
    path.write_bytes(path.read_bytes()[:2000])


def clip_changed(job: JobFolder, material: Path) -> None:
    edit_request(job, reference__sha256="0" * 64)


def clip_range(job: JobFolder, material: Path) -> None:
    edit_request(job, reference__first=2, reference__count=9)


def masks_of_another_size(job: JobFolder, material: Path) -> None:
    for path in (material / "masks").iterdir():
        write_picture(path, np.full((64, 48), 255, np.uint8))


def masks_too_few(job: JobFolder, material: Path) -> None:
    (material / "masks" / "frame_0003.png").unlink()


def masks_missing(job: JobFolder, material: Path) -> None:
    shutil.rmtree(material / "masks")


def joints_of_another_length(job: JobFolder, material: Path) -> None:
    write_npz(
        material / "joints.npz",
        source=figure_joints(9, (96, 128), 0.1),
        size=np.array([96, 128]),
    )


def target_missing(job: JobFolder, material: Path) -> None:
    (job.inputs / "target_joints.npz").unlink()


def target_not_named(job: JobFolder, material: Path) -> None:
    edit_request(job, target__joints="")


def target_damaged(job: JobFolder, material: Path) -> None:
    path = job.inputs / "target_joints.npz"
    path.write_bytes(path.read_bytes()[:100])


def target_of_another_shape(job: JobFolder, material: Path) -> None:
    write_npz(job.inputs / "target_joints.npz", target=np.zeros((4, 18, 2)), size=np.array([9, 9]))


def target_of_another_length(job: JobFolder, material: Path) -> None:
    target = figure_joints(7, (96, 128), 0.5)
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array([96, 128]))


def target_without_joints(job: JobFolder, material: Path) -> None:
    target = np.full((4, 60, 2), np.nan, np.float32)
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array([96, 128]))


def target_outside(job: JobFolder, material: Path) -> None:
    edit_request(job, target__joints="../other/target.npz")


def engine_unknown(job: JobFolder, material: Path) -> None:
    edit_request(job, settings__engine="magic")


def released_without_masks(job: JobFolder, material: Path) -> None:
    edit_request(job, settings__alignment="released")


def job_not_json(job: JobFolder, material: Path) -> None:
    job.request.write_text("{", encoding="utf-8")


def job_of_another_schema(job: JobFolder, material: Path) -> None:
    value = json.loads(job.request.read_text(encoding="utf-8"))
    job.request.write_text(json.dumps({**value, "schema": 99}), encoding="utf-8")


CASES: list[tuple[Callable[[JobFolder, Path], None], str | None, str]] = [
    (clip_missing, "clip-missing", "no clip ü"),
    (clip_truncated, None, "cut.mp4"),
    (clip_not_a_video, "clip-unreadable", "text.mp4"),
    (clip_with_a_hole, "clip-gaps", "2"),
    (clip_of_mixed_sizes, "clip-mixed-sizes", "64x64"),
    (clip_damaged, "clip-damaged", "frame_0001.png"),
    (clip_changed, "clip-changed", "changed"),
    (clip_range, "clip-range", "frames 0 to 3"),
    (masks_of_another_size, None, "48x64"),
    (masks_too_few, None, "masks"),
    (masks_missing, "input-missing", "masks"),
    (joints_of_another_length, None, "9"),
    (target_missing, "target-missing", "target_joints.npz"),
    (target_not_named, "target-missing", "target"),
    (target_damaged, "target-damaged", "target_joints.npz"),
    (target_of_another_shape, "target-damaged", "60"),
    (target_of_another_length, "target-length", "7"),
    (target_without_joints, "target-empty", "joint"),
    (target_outside, "job-invalid", "inside the job folder"),
    (engine_unknown, "engine-unknown", "magic"),
    (released_without_masks, None, "mask"),
    (job_not_json, "job-invalid", "job.json"),
    (job_of_another_schema, "job-schema", "99"),
]


def _run(job: JobFolder) -> tuple[Any, Any]:
    done = backend("run", str(job.path), "--json")
    return done, json.loads(done.stdout).get("error")


@pytest.mark.parametrize(
    ("spoil", "code", "words"), CASES, ids=[case[0].__name__ for case in CASES]
)
def test_wrong_input(
    odd_path: Path, spoil: Callable[[JobFolder, Path], None], code: str | None, words: str
) -> None:
    job = make_job(odd_path, count=4)
    spoil(job, odd_path / "material 4")
    before = job.request.read_bytes()
    done, error = _run(job)
    assert done.returncode == 2, done.stderr
    assert error["exit_code"] == 2 and words in error["message"] + error["hint"]
    assert code is None or error["code"] == code
    assert error["message"].endswith(".") and "\n" not in error["message"]
    assert "Traceback" not in done.stderr
    assert job.request.read_bytes() == before
    state = json.loads(job.state.read_text(encoding="utf-8"))
    if not error["code"].startswith("job-") or (error["code"] == "job-invalid" and state["error"]):
        assert state["status"] == "failed" and state["error"]["code"] == error["code"]
    assert not job.report.exists() and not job.mp4.exists()


def test_a_place_that_is_taken_is_not_overwritten(odd_path: Path) -> None:
    taken = odd_path / "final.mp4"
    taken.write_bytes(b"somebody's film")
    job = make_job(odd_path, count=4, mp4=str(taken))
    done, error = _run(job)
    assert done.returncode == 6 and error["code"] == "output-exists"
    assert taken.read_bytes() == b"somebody's film"


def test_a_job_that_runs_already(odd_path: Path) -> None:
    job = make_job(odd_path, count=4)
    with hold(job):
        done, error = _run(job)
    assert done.returncode == 7 and error["code"] == "job-running"
    assert f"process {os.getpid()} on " in error["message"]
    assert json.loads(job.state.read_text(encoding="utf-8"))["status"] == "queued"


def test_an_engine_without_its_weights(odd_path: Path) -> None:
    job = make_job(odd_path, count=4, engine="motionfollower", weights=str(odd_path / "none"))
    done, error = _run(job)
    assert done.returncode == 3
    assert error["exit_code"] == 3 and error["hint"]
    assert not job.conditions.exists()


@pytest.mark.slow
def test_no_person_in_the_clip(odd_path: Path) -> None:
    job = make_job(odd_path, count=4, source_joints="", source_masks="")
    wall = cv2.GaussianBlur(
        np.random.default_rng(3).integers(0, 255, (128, 96, 3), dtype=np.uint8), (0, 0), 4
    )
    for path in (odd_path / "material 4" / "clip").iterdir():
        write_picture(path, wall)
    done, error = _run(job)
    assert done.returncode == 2
    assert "person" in error["message"].lower() or "nobody" in error["message"].lower()
