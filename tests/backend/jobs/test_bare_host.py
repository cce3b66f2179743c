"""What farm hosts lack or do: no home, no display, another umask, inputs that take nothing,
storage that goes away, job folders of another version."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mf_backend.contracts.failures import NO_USE
from mf_backend.jobs.disk.folder import JobFolder
from tests.backend.conftest import mounted
from tests.backend.jobs.runs import has_frames, start, wait_until
from tests.backend.tiny_job import backend_environment, make_job

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights and mounts as POSIX has")


def run_bare(job: JobFolder, umask: int = 0o027) -> subprocess.CompletedProcess[str]:
    """Run a job as a service does: no home, no user's name, no display, a strict umask."""
    named = ("HOME", "USER", "LOGNAME", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {
        key: value
        for key, value in backend_environment().items()
        if key not in named and not key.startswith("XDG_")
    }
    return subprocess.run(
        [sys.executable, "-m", "mf_backend", "run", str(job.path), "--json"],
        capture_output=True,
        text=True,
        env={**environment, "HOME": "/nonexistent"},
        umask=umask,
        stdin=subprocess.DEVNULL,
        timeout=200,
        check=False,
    )


@pytest.fixture
def read_only(odd_path: Path) -> Iterator[Path]:
    """A folder `material 6` that nobody may write to, not even root where mounts are allowed."""
    make_job(odd_path, "first")
    material = odd_path / "material 6"
    folders = [material, *(path for path in material.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    mounted = False
    if sys.platform == "linux" and os.geteuid() == 0:
        words = ["mount", "--bind", "-o", "ro", str(material), str(material)]
        mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
    yield material
    if mounted:
        subprocess.run(["umount", str(material)], check=True)
    for folder in folders:
        folder.chmod(0o755)


def test_a_service_with_nothing_but_the_job(odd_path: Path, read_only: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in read_only.rglob("*")}
    job = JobFolder(odd_path / "first")
    done = run_bare(job)
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in read_only.rglob("*")} == before
    assert not Path("/nonexistent").exists()
    made = [path for path in job.path.rglob("*") if path.stat().st_mtime_ns > max(before.values())]
    late = [path for path in made if path.name not in ("target_joints.npz", "job.json", "inputs")]
    files = {stat.S_IMODE(path.stat().st_mode) for path in late if path.is_file()}
    assert files == {0o640}
    folders = (job.conditions, job.record, job.frames, job.mp4.parent)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o750}


def test_a_group_may_go_on_with_what_another_user_began(odd_path: Path) -> None:
    job = make_job(odd_path)
    assert run_bare(job, 0o002).returncode == 0
    assert stat.S_IMODE(job.log.stat().st_mode) == 0o664
    assert stat.S_IMODE(job.frames.stat().st_mode) == 0o775


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, as shared storage is."""
    with mounted(tmp_path / "sharëd storage", "64m") as place:
        yield place


def test_shared_storage_that_goes_away(share: Path) -> None:
    job = make_job(share, count=60, size=(160, 208))
    process = start(job)
    wait_until(process, has_frames(job, 2))
    subprocess.run(["umount", "-l", str(share)], check=True)
    out, _ = process.communicate(timeout=100)
    error = json.loads(out)["error"]
    assert process.returncode == 6 and error["code"] == "job-folder-gone"
    assert str(job.path) in error["message"] and error["hint"]
    assert list(share.iterdir()) == []


def test_a_job_folder_of_another_version(odd_path: Path) -> None:
    job = make_job(odd_path)
    value = json.loads(job.request.read_text(encoding="utf-8"))
    job.request.write_text(json.dumps({**value, "schema": 99}), encoding="utf-8")
    done = run_bare(job)
    assert done.returncode == 2 and json.loads(done.stdout)["error"]["code"] == "job-schema"
    assert "Update" in done.stderr and done.stderr.splitlines()[-1] == NO_USE


def test_a_shot_that_could_not_be_prepared(odd_path: Path) -> None:
    job = JobFolder(odd_path / "7")
    job.path.mkdir()
    told = {"code": "clip-missing", "message": "The clip /a is not there.", "hint": "Mend it."}
    job.refusal.write_text(json.dumps(told), encoding="utf-8")
    done = run_bare(job)
    assert done.returncode == 2 and "The clip /a is not there." in done.stderr
    assert done.stderr.splitlines()[-1] == NO_USE
