"""Other inputs than before, or other ones while a job runs: nothing of the former ones stays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mf_backend.contracts.files import write_npz
from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.jobs.runs import (
    has_frames,
    kill_when,
    results,
    run,
    start,
    wait_until,
    warnings,
)
from tests.backend.tiny_job import edit_request, figure_joints, make_job

COUNT = 8
LONG = 20
"""Frames of the jobs that something happens to while they run."""
SIZE = (96, 128)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for jobs and their clips: what they leave differs by nothing but their inputs."""
    return tmp_path_factory.mktemp("changed ü")


@pytest.fixture(scope="module")
def whole(ground: Path) -> dict[str, bytes]:
    """What a long job leaves that nothing happens to."""
    job = make_job(ground, "whole", LONG, SIZE)
    assert run(job).code == 0
    return results(job)


def shorten(job: JobFolder, count: int) -> None:
    """Ask for the clip's first frames only."""
    edit_request(job, reference__count=count)
    target = figure_joints(count, SIZE, 0.9)
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array(SIZE))


def give_short(job: JobFolder, root: Path, count: int) -> None:
    """Joints and masks of the clip's first frames, given by the user."""
    whole = root / f"material {COUNT}"
    short = root / f"short {count}"
    if not short.exists():
        (short / "masks").mkdir(parents=True)
        for index in range(count):
            name = f"frame_{index:04d}.png"
            (short / "masks" / name).write_bytes((whole / "masks" / name).read_bytes())
        with np.load(whole / "joints.npz") as data:
            write_npz(short / "joints.npz", source=data["source"][:count], size=data["size"])
    edit_request(job, settings__source_joints=str(short / "joints.npz"))
    edit_request(job, settings__source_masks=str(short / "masks"))


def align_as_it_is(job: JobFolder, root: Path) -> None:
    edit_request(job, settings__alignment="matched")


def use_fewer_frames(job: JobFolder, root: Path) -> None:
    shorten(job, 5)
    give_short(job, root, 5)


def point_elsewhere(job: JobFolder, root: Path) -> None:
    target = figure_joints(COUNT, SIZE, 0.4)
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array(SIZE))


CHANGES = (align_as_it_is, use_fewer_frames, point_elsewhere)
BegunWith = Callable[[Callable[..., None]], dict[str, bytes]]


@pytest.fixture(scope="module")
def begun_with(ground: Path) -> BegunWith:
    """What a job leaves that had a change from the beginning."""
    known: dict[str, dict[str, bytes]] = {}

    def make(change: Callable[..., None]) -> dict[str, bytes]:
        name = change.__name__
        if name not in known:
            job = make_job(ground, f"begun with {name}", COUNT, SIZE)
            change(job, ground)
            assert run(job).code == 0
            known[name] = results(job)
        return known[name]

    return make


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("killed", [False, True])
def test_between_runs(
    ground: Path, begun_with: BegunWith, change: Callable[..., None], killed: bool
) -> None:
    job = make_job(ground, f"{change.__name__} {killed}", COUNT, SIZE)
    if killed:
        kill_when(job, has_frames(job, 3))
    else:
        assert run(job).code == 0
    change(job, ground)
    assert run(job).code == 0
    assert results(job) == begun_with(change)
    assert not job.kept.exists()


def test_killed_before_a_stage_was_done(ground: Path, begun_with: BegunWith) -> None:
    """The files that a stage had begun are known as well as those that it finished."""
    job = make_job(ground, "killed early", COUNT, SIZE)
    kill_when(job, (job.conditions / "source_alpha" / f"frame_{COUNT - 2}.png").exists)
    use_fewer_frames(job, ground)
    assert run(job).code == 0
    assert results(job) == begun_with(use_fewer_frames)


def paint(path: Path) -> bytes:
    """Change a picture; returns what it was."""
    former = path.read_bytes()
    picture = cv2.imdecode(np.frombuffer(former, np.uint8), cv2.IMREAD_UNCHANGED)
    path.write_bytes(cv2.imencode(".png", 255 - picture)[1].tobytes())
    return former


@pytest.mark.parametrize(("what", "frames"), [("clip", 0), ("clip", 2), ("masks", 2)])
def test_while_it_runs(ground: Path, whole: dict[str, bytes], what: str, frames: int) -> None:
    """Nothing is made from two clips, also not when the first one is there again."""
    job = make_job(ground, f"{what} {frames}", LONG, SIZE)
    path = ground / f"material {LONG}" / what / f"frame_{LONG - 2:04d}.png"
    process = start(job)
    far = job.frame(frames - 1) if frames else job.conditions / "source_poses" / "frame_1.png"
    wait_until(process, far.exists)
    former = paint(path)
    try:
        out, _ = process.communicate(timeout=100)
    finally:
        path.write_bytes(former)
    error = json.loads(out)["error"]
    assert process.returncode == 2 and error["code"] == "input-changed"
    assert str(path.parent) in error["message"] and error["hint"]
    state = json.loads(job.state.read_text(encoding="utf-8"))
    assert state["status"] == "failed" and state["error"]["code"] == "input-changed"
    assert not job.mp4.exists()

    assert run(job).code == 0
    assert results(job) == whole


@pytest.mark.parametrize("what", ["clip", "masks"])
def test_after_the_end(odd_path: Path, what: str) -> None:
    """What is made from other pictures is what a new job makes from them."""
    job = make_job(odd_path, "job", COUNT, SIZE)
    assert run(job).code == 0
    paint(odd_path / f"material {COUNT}" / what / f"frame_{COUNT - 2:04d}.png")
    new = make_job(odd_path, "new", COUNT, SIZE)
    assert run(job).code == run(new).code == 0
    assert results(job) == results(new)


def test_a_change_that_leaves_the_date(ground: Path, whole: dict[str, bytes]) -> None:
    """Found at the end, and everything that this run made is made again."""
    job = make_job(ground, "same date", LONG, SIZE)
    path = ground / f"material {LONG}" / "clip" / "frame_0010.png"
    about = path.stat()
    former = path.read_bytes()
    last = len(former) - 30
    process = start(job)
    wait_until(process, (job.conditions / "source_poses" / "frame_1.png").exists)
    # Written in place: the same size, and the old date.
    with path.open("r+b") as file:
        file.seek(last)
        file.write(bytes([former[last] ^ 1]))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    try:
        out, _ = process.communicate(timeout=100)
    finally:
        path.write_bytes(former)
    assert json.loads(out)["error"]["code"] in ("input-changed", "clip-damaged")
    again = run(job)
    assert again.code == 0 and again.again()[0] == "joints"
    assert results(job) == whole


def test_a_date_alone_changes_nothing(odd_path: Path) -> None:
    count = LONG
    job = make_job(odd_path, "job", count, SIZE)
    process = start(job)
    wait_until(process, has_frames(job, 2))
    for path in (odd_path / f"material {count}" / "clip").iterdir():
        path.touch()
    process.communicate(timeout=100)
    assert process.returncode == 0


def test_warnings_of_other_settings_do_not_stay(odd_path: Path) -> None:
    """What a stage warned of holds while it is kept, and goes when it is made from other things."""
    job = make_job(odd_path, "job", COUNT, SIZE)
    target = figure_joints(COUNT, SIZE, 0.9)
    target[3] = np.nan
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array(SIZE))
    kill_when(job, has_frames(job, 3))
    for _ in range(2):
        assert run(job).code == 0
        assert "frames 3" in warnings(job)["target-empty-frames"]
    point_elsewhere(job, odd_path)
    assert run(job).code == 0
    assert "target-empty-frames" not in warnings(job)
