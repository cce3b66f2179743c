"""Job folders from somebody else: nothing outside them is read or written."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest

from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.tiny_job import Backend, backend, make_job

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def put_outside(job: JobFolder, outside: Path, name: str) -> None:
    """Move what the job has at `name` outside and leave a link in its place; where it has nothing,
    link to a file or folder with something in it."""
    place, target = job.path / name, outside / Path(name).name
    if place.exists():
        place.rename(target)
    elif "." in name or name.endswith(".lock"):
        target.write_text("mine\n", encoding="utf-8")
    else:
        (target / "frames").mkdir(parents=True)
        (target / "frames" / "000001.png").write_bytes(b"mine")
        (target / "engine").mkdir()
        (target / "engine" / "thesis.txt").write_text("mine", encoding="utf-8")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


LINKS = [
    *(
        "log.txt",
        "worker.lock",
        "state.json",
        "job.json",
        "report.json",
        "outputs",
        "work",
        "inputs",
    ),
    *("inputs/target_joints.npz", "outputs/frames", "outputs/result.mp4", "work/conditions"),
    "work/conditions/joints.npz",
]


@pytest.mark.parametrize("name", LINKS)
def test_links_out_of_the_folder_are_refused(odd_path: Path, name: str) -> None:
    job = make_job(odd_path, count=2)
    outside = odd_path / "outside"
    outside.mkdir()
    put_outside(job, outside, name)
    before, inside = contents(outside), contents(job.path)
    ran = backend("run", str(job.path), "--json")
    assert ran.returncode == 2, ran.stderr
    assert f"{name} in the job folder" in ran.stderr and "leads out of it" in ran.stderr
    assert "job-link" in ran.stdout and "Traceback" not in ran.stderr
    assert contents(outside) == before and contents(job.path) == inside


def test_a_link_to_a_file_that_is_not_there_makes_none(odd_path: Path) -> None:
    job = make_job(odd_path, count=2)
    job.lock.symlink_to(odd_path / "new file")
    assert backend("run", str(job.path)).returncode == 2
    assert not (odd_path / "new file").exists()


def test_a_link_that_comes_while_the_job_runs(odd_path: Path) -> None:
    job = make_job(odd_path, count=40)
    outside = odd_path / "outside"
    server = Backend()
    server.answer(server.ask("job/run", folder=str(job.path)))
    server.notice("job/progress", stage="render")
    while not any(job.frames.glob("*.png")):
        time.sleep(0.01)
    job.frames.parent.rename(outside)
    before = len(list((outside / "frames").iterdir()))
    job.frames.parent.symlink_to(outside)
    failed = server.notice("job/failed", "job/done")
    assert failed["code"] == "job-link" and failed["exit_code"] == 2
    # The frame that was being made when the link came.
    assert len(list((outside / "frames").iterdir())) <= before + 1
    assert server.close() == 0


@pytest.mark.parametrize("name", ["log.txt", "job.json", "state.json"])
def test_a_pipe_in_the_folder_holds_nobody_up(odd_path: Path, name: str) -> None:
    job = make_job(odd_path, count=2)
    (job.path / name).unlink(missing_ok=True)
    os.mkfifo(job.path / name)
    ran = backend("run", str(job.path), timeout=60)
    assert ran.returncode == 2 and f"{name} in the job folder" in ran.stderr


def test_links_that_stay_inside_and_a_linked_folder_are_fine(odd_path: Path) -> None:
    job = make_job(odd_path, count=2)
    joints = job.inputs / "target_joints.npz"
    joints.rename(job.inputs / "real.npz")
    joints.symlink_to("real.npz")
    (odd_path / "elsewhere").symlink_to(job.path)
    ran = backend("run", str(odd_path / "elsewhere"))
    assert ran.returncode == 0, ran.stderr


def test_names_cannot_forge_lines_of_the_log(odd_path: Path) -> None:
    """Every line of ours begins with the time; what follows one of them is indented."""
    root = odd_path / "shot\n2026-01-01 00:00:00,000 ERROR forged\u202e\u2028"
    root.mkdir()
    job = make_job(root, count=2)
    ran = backend("run", str(job.path))
    assert ran.returncode == 0, ran.stderr
    (job.inputs / "target_joints.npz").write_bytes(b"PK damaged")
    failed = backend("run", str(job.path))
    assert failed.returncode == 2
    log = job.log.read_text(encoding="utf-8")
    ours = [line for line in log.split("\n") if re.match(r"\d{4}-\d\d-\d\d ", line)]
    assert any("shot\\n2026-01-01 00:00:00,000 ERROR forged\\u202e\\u2028" in x for x in ours)
    assert not any(line.startswith("2026-01-01") for line in ours)
    assert not any(
        line.startswith("2026-01-01") for line in (ran.stderr + failed.stderr).split("\n")
    )
