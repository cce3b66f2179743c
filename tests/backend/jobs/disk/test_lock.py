"""Two workers get one job folder: on one machine, on two that share it, alive, dead or asleep."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mf_backend.contracts.errors import BusyError, CancelledError, OutputError
from mf_backend.contracts.request import read_request
from mf_backend.jobs.disk.folder import FrameRange, JobFolder, PartFolder
from mf_backend.jobs.disk.lock import Lease, hold
from mf_backend.jobs.options import JobResult
from mf_backend.jobs.running import Run
from mf_backend.jobs.tracker import Progress
from tests.backend.jobs.runs import has_frames, results, run, start, wait_until
from tests.backend.tiny_job import backend, backend_environment, make_job

QUICK = Lease(2.0, 0.4)


class Quiet:
    """Hears a job and says nothing."""

    def progress(self, progress: Progress) -> None:
        """See JobListener."""

    def warning(self, code: str, message: str) -> None:
        """See JobListener."""


# A worker on another machine is one here whose machine's name, which is all that the lock knows of
# it, is another.
HOLDER = """
import os, socket, sys, time
from pathlib import Path
if sys.argv[2]:
    socket.gethostname = lambda: sys.argv[2]
from mf_backend.jobs.disk.folder import FrameRange, JobFolder, PartFolder
from mf_backend.jobs.disk.lock import Lease, hold
folder = JobFolder(Path(sys.argv[1]))
if len(sys.argv) > 5:
    folder = PartFolder(folder.path, FrameRange(int(sys.argv[5]), int(sys.argv[6])))
with hold(folder, lease=Lease(float(sys.argv[3]), float(sys.argv[4]))) as held:
    print(os.getpid(), flush=True)
    while True:
        time.sleep(0.05)
        try:
            held.check()
        except Exception as error:
            print(error.code, flush=True)
            sys.exit(int(error.exit_code))
"""


class Holder:
    """A process that holds a job folder; `host` is its machine, empty for this one."""

    def __init__(self, folder: Path, host: str = "", *frames: int, lease: Lease = QUICK) -> None:
        words = [str(folder), host, str(lease.seconds), str(lease.beat), *map(str, frames)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, *words],
            stdout=subprocess.PIPE,
            text=True,
            env=backend_environment(),
        )
        assert self.process.stdout is not None
        self.pid = int(self.process.stdout.readline())

    def end(self) -> None:
        """Kill it as a crash of its machine would."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


def take(folder: JobFolder, said: list[str] | None = None) -> float:
    """Take the lock and let it go; the seconds it took."""
    began = time.monotonic()
    with hold(folder, say=(said if said is not None else []).append, lease=QUICK):
        return time.monotonic() - began


def test_one_at_a_time_here_and_a_killed_one_lets_go_at_once(odd_path: Path) -> None:
    job = JobFolder(odd_path)
    holder = Holder(odd_path)
    began = time.monotonic()
    with pytest.raises(BusyError) as caught:
        take(job)
    assert caught.value.code == "job-running" and caught.value.exit_code == 7
    assert f"process {holder.pid} on " in str(caught.value)
    assert time.monotonic() - began < 5
    holder.end()
    assert job.lock.exists()
    assert take(job) < 1.0
    assert not job.lock.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_a_process_of_this_machine_that_sleeps_keeps_its_job(odd_path: Path) -> None:
    holder = Holder(odd_path)
    os.kill(holder.pid, signal.SIGSTOP)
    time.sleep(1.5 * QUICK.seconds)
    with pytest.raises(BusyError):
        take(JobFolder(odd_path))
    os.kill(holder.pid, signal.SIGCONT)
    holder.end()


def test_another_machine_that_lives_is_left_alone(odd_path: Path) -> None:
    holder = Holder(odd_path, "render-07")
    with pytest.raises(BusyError) as caught:
        take(JobFolder(odd_path))
    assert f"process {holder.pid} on render-07" in str(caught.value)
    holder.end()


def test_another_machine_that_died_is_taken_over_after_a_lease(odd_path: Path) -> None:
    holder = Holder(odd_path, "render-07")
    holder.end()
    said: list[str] = []
    seconds = take(JobFolder(odd_path), said)
    assert QUICK.seconds <= seconds < QUICK.seconds + 3
    assert len(said) == 1 and "render-07" in said[0]


@pytest.mark.parametrize("hours", [-48, 48])
def test_clocks_that_differ_make_no_difference(odd_path: Path, hours: int) -> None:
    """Neither a living holder nor a dead one is judged by the date of its lock."""
    job = JobFolder(odd_path)
    holder = Holder(odd_path, "render-07")
    then = time.time() + 3600 * hours
    os.utime(job.lock, (then, then))
    with pytest.raises(BusyError):
        take(job)
    holder.end()
    os.utime(job.lock, (then, then))
    assert take(job) >= QUICK.seconds


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_a_machine_that_comes_back_finds_its_job_taken(odd_path: Path) -> None:
    job = JobFolder(odd_path)
    holder = Holder(odd_path, "render-07")
    os.kill(holder.pid, signal.SIGSTOP)
    with hold(job, lease=QUICK) as held:
        os.kill(holder.pid, signal.SIGCONT)
        assert holder.process.wait(20) == 7
        assert holder.process.stdout is not None
        assert holder.process.stdout.read().strip() == "job-taken"
        time.sleep(1.1)
        held.check()
        assert job.lock.exists()
    holder.end()


def test_waiting_can_be_cancelled(odd_path: Path) -> None:
    Holder(odd_path, "render-07", lease=Lease(60, 10)).end()
    cancelled = threading.Event()
    threading.Timer(1.0, cancelled.set).start()
    with pytest.raises(CancelledError), hold(JobFolder(odd_path), cancelled):
        pass


@pytest.mark.parametrize("text", ["", "nonsense\n", "filelock/2\nmode=lease\n"])
def test_a_lock_that_nobody_wrote_ends_in_a_sentence_or_is_taken(odd_path: Path, text: str) -> None:
    job = JobFolder(odd_path)
    job.lock.write_text(text, encoding="utf-8")
    try:
        take(job)
    except OutputError as error:
        assert error.code == "lock-stuck" and str(job.lock) in str(error)
        assert not text


def test_parts_of_one_job_live_side_by_side(odd_path: Path) -> None:
    whole = JobFolder(odd_path)
    holder = Holder(odd_path, "render-07", 1, 10)
    assert take(PartFolder(odd_path, FrameRange(11, 20))) < 2
    for folder in (PartFolder(odd_path, FrameRange(10, 12)), whole):
        with pytest.raises(BusyError) as caught:
            take(folder)
        assert "render-07" in str(caught.value)
    holder.end()
    whole_holder = Holder(odd_path)
    with pytest.raises(BusyError):
        take(PartFolder(odd_path, FrameRange(11, 20)))
    whole_holder.end()


def as_host(name: str, *arguments: str, lease: Lease | None = None) -> subprocess.Popen[str]:
    """The backend's command line on a machine of another name, with its own lease or another."""
    script = (
        f"import socket; socket.gethostname = lambda: {name!r}\n"
        "from mf_backend.jobs.disk import lock\n"
    )
    if lease is not None:
        given = f"lock.Lease({lease.seconds}, {lease.beat})"
        script += f"given = {given}; lock.Lease = lambda: given\n"
    script += (
        "from mf_backend.cli.main import run_command\n"
        "import sys; sys.exit(run_command(sys.argv[1:]))\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=backend_environment(),
    )


def state(job: JobFolder) -> Any:
    return json.loads(job.state.read_text(encoding="utf-8"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_two_masters_of_one_job(odd_path: Path) -> None:
    whole = make_job(odd_path, "whole", count=10)
    assert run(whole).code == 0
    job = make_job(odd_path, "shared", count=10)
    first = as_host("render-01", "run", str(job.path), "--json")
    wait_until(first, has_frames(job, 1))
    worker = state(job)["worker"]
    assert worker["host"] == "render-01" and worker["process"] == first.pid
    os.kill(first.pid, signal.SIGSTOP)
    second = as_host("render-02", "run", str(job.path), "--json")
    # What the first one's beat does, without its getting on.
    while second.poll() is None:
        os.utime(job.lock)
        time.sleep(0.5)
    out, errors = second.communicate()
    os.kill(first.pid, signal.SIGCONT)
    error = json.loads(out)["error"]
    assert second.returncode == 7 and error["code"] == "job-running", errors
    assert f"process {first.pid} on render-01 since {worker['since']}" in error["message"]
    first.communicate(timeout=100)
    assert first.returncode == 0 and results(job) == results(whole)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_a_worker_that_slept_writes_nothing_more(odd_path: Path) -> None:
    assert Lease().seconds == 60
    short = Lease(8.0, 1.6)
    job = make_job(odd_path, "shared", count=16)
    first = as_host("render-01", "run", str(job.path), "--json", lease=short)
    wait_until(first, has_frames(job, 1))
    os.kill(first.pid, signal.SIGSTOP)
    second = as_host("render-02", "run", str(job.path), "--json", lease=short)
    _, errors = second.communicate(timeout=200)
    assert second.returncode == 0, errors
    assert "render-01" in errors and "Waiting up to 8 s" in errors
    before = {p: p.stat().st_mtime_ns for p in job.path.rglob("*") if p.is_file()}
    os.kill(first.pid, signal.SIGCONT)
    told, _ = first.communicate(timeout=60)
    assert first.returncode == 7 and json.loads(told)["error"]["code"] == "job-taken"
    after = {p: p.stat().st_mtime_ns for p in job.path.rglob("*") if p.is_file()}
    assert after == before and state(job)["status"] == "done"


class Slept(Run):
    """A run that finds its files gone, after a sleep in which another took its job."""

    def work(self) -> JobResult:
        """See Run."""
        self.job.lock.unlink()
        self.other = Holder(self.job.path)
        time.sleep(1.1)
        raise FileNotFoundError(self.job.state)


def test_what_fails_after_a_job_was_taken_is_told_as_that(odd_path: Path) -> None:
    job = make_job(odd_path)
    state = job.state.read_bytes()
    with hold(job) as held:
        slept = Slept(job, read_request(job.request), "report", Quiet(), threading.Event(), held)
        with pytest.raises(BusyError) as caught:
            slept.perform()
        assert caught.value.code == "job-taken"
        assert job.state.read_bytes() == state
    slept.other.end()


def test_frames_made_apart_are_the_whole_jobs(odd_path: Path) -> None:
    whole = make_job(odd_path, "whole", count=12)
    assert run(whole).code == 0
    job = make_job(odd_path, "in parts", count=12)
    # The first one also does what comes before the frames.
    done = backend("run", str(job.path), "--frames", "1-4", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["count"] == 4
    assert sorted(p.name for p in job.frames.iterdir()) == [f"{i:06d}.png" for i in range(1, 5)]
    words = [str(job.path), "--json", "--frames"]
    both = [as_host(f"render-{n}", "run", *words, part) for n, part in enumerate(("5-8", "9-12"))]
    for process in both:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
    made = {path: path.stat().st_mtime_ns for path in job.frames.iterdir()}
    ran = run(job)
    assert ran.code == 0 and results(job) == results(whole)
    assert {path: path.stat().st_mtime_ns for path in job.frames.iterdir()} == made
    # Painted over by somebody: the part that it belongs to makes it again and keeps the other.
    job.frame(6).write_bytes(job.frame(3).read_bytes())
    assert backend("run", str(job.path), "--frames", "5-8").returncode == 0
    assert results(job) == results(whole)
    assert [p.name for p in job.kept.rglob("*.png")] == ["000007.png"]


def test_a_killed_part_goes_on(odd_path: Path) -> None:
    job = make_job(odd_path, count=14)
    assert backend("run", str(job.path), "--until", "target_mask").returncode == 0
    process = start(job, "--frames", "5-14")
    wait_until(process, job.frame(8).exists)
    process.kill()
    process.communicate()
    made = {path: path.stat().st_mtime_ns for path in job.frames.glob("0*.png")}
    assert backend("run", str(job.path), "--frames", "5-14").returncode == 0
    assert {p: p.stat().st_mtime_ns for p in made} == made
    assert run(job).again()[0] == "render" and len(list(job.frames.iterdir())) == 14


@pytest.mark.parametrize(
    ("settings", "frames", "code", "words"),
    [
        ({}, "3-9", 2, "The job has 6 frames"),
        ({}, "0-2", 2, "--frames must be one frame or a range"),
        ({}, "4-2", 2, "--frames must be one frame or a range"),
        ({}, "a-b", 2, "--frames must be one frame or a range"),
        ({"engine": "motionfollower"}, "1-2", 2, "makes all frames of a clip together"),
    ],
)
def test_frames_that_cannot_be_made_apart(
    odd_path: Path, settings: dict[str, Any], frames: str, code: int, words: str
) -> None:
    job = make_job(odd_path, count=6, **settings)
    done = backend("run", str(job.path), "--frames", frames)
    assert done.returncode == code and words in done.stderr and "Traceback" not in done.stderr
