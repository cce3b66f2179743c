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

COUNT = 12
SIZE = (96, 128)


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
    shorten(job, 7)
    give_short(job, root, 7)


def point_elsewhere(job: JobFolder, root: Path) -> None:
    target = figure_joints(COUNT, SIZE, 0.4)
    write_npz(job.inputs / "target_joints.npz", target=target, size=np.array(SIZE))


CHANGES = (align_as_it_is, use_fewer_frames, point_elsewhere)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("killed", [False, True])
def test_between_runs(odd_path: Path, change: Callable[..., None], killed: bool) -> None:
    other = make_job(odd_path, "other", COUNT, SIZE)
    change(other, odd_path)
    assert run(other).code == 0

    job = make_job(odd_path, "job", COUNT, SIZE)
    if killed:
        kill_when(job, has_frames(job, 3))
    else:
        assert run(job).code == 0
    change(job, odd_path)
    assert run(job).code == 0
    assert results(job) == results(other)
    assert not job.kept.exists()


def test_killed_before_a_stage_was_done(odd_path: Path) -> None:
    """The files that a stage had begun are known as well as those that it finished."""
    other = make_job(odd_path, "other", COUNT, SIZE)
    use_fewer_frames(other, odd_path)
    assert run(other).code == 0
    job = make_job(odd_path, "job", COUNT, SIZE)
    kill_when(job, (job.conditions / "source_alpha" / f"frame_{COUNT - 2}.png").exists)
    use_fewer_frames(job, odd_path)
    assert run(job).code == 0
    assert results(job) == results(other)


def paint(path: Path) -> bytes:
    """Change a picture; returns what it was."""
    former = path.read_bytes()
    picture = cv2.imdecode(np.frombuffer(former, np.uint8), cv2.IMREAD_UNCHANGED)
    path.write_bytes(cv2.imencode(".png", 255 - picture)[1].tobytes())
    return former


@pytest.mark.parametrize(("what", "frames"), [("clip", 0), ("clip", 2), ("masks", 2)])
def test_while_it_runs(odd_path: Path, what: str, frames: int) -> None:
    """Nothing is made from two clips, also not when the first one is there again."""
    count = 40
    whole = make_job(odd_path, "whole", count, SIZE)
    assert run(whole).code == 0
    job = make_job(odd_path, "job", count, SIZE)
    path = odd_path / f"material {count}" / what / f"frame_{count - 2:04d}.png"
    process = start(job)
    far = job.frame(frames - 1) if frames else job.conditions / "source_poses" / "frame_1.png"
    wait_until(process, far.exists)
    former = paint(path)
    out, _ = process.communicate(timeout=100)
    error = json.loads(out)["error"]
    assert process.returncode == 2 and error["code"] == "input-changed"
    assert str(path.parent) in error["message"] and error["hint"]
    state = json.loads(job.state.read_text(encoding="utf-8"))
    assert state["status"] == "failed" and state["error"]["code"] == "input-changed"
    assert not job.mp4.exists()

    changed = path.read_bytes()
    path.write_bytes(former)
    assert run(job).code == 0
    assert results(job) == results(whole)

    path.write_bytes(changed)
    assert run(job).code == run(whole).code == 0
    assert results(job) == results(whole)


def test_a_change_that_leaves_the_date(odd_path: Path) -> None:
    """Found at the end, and everything that this run made is made again."""
    count = 40
    whole = make_job(odd_path, "whole", count, SIZE)
    assert run(whole).code == 0
    job = make_job(odd_path, "job", count, SIZE)
    path = odd_path / f"material {count}" / "clip" / "frame_0020.png"
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
    out, _ = process.communicate(timeout=100)
    assert json.loads(out)["error"]["code"] in ("input-changed", "clip-damaged")
    path.write_bytes(former)
    again = run(job)
    assert again.code == 0 and again.again()[0] == "joints"
    assert results(job) == results(whole)


def test_a_date_alone_changes_nothing(odd_path: Path) -> None:
    count = 40
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
