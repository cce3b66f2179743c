"""Jobs through the real server: order, progress, cancel, ends of all kinds."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from mf_backend.jobs.disk.folder import JobFolder
from mf_backend.jobs.disk.lock import hold
from mf_backend.jobs.stages.costs import stage_names
from tests.backend.tiny_job import (
    Backend,
    backend_environment,
    edit_request,
    gone_after,
    kill,
    make_job,
)

COUNT = 10
SIZE = (160, 208)


def state(job: JobFolder) -> Any:
    return json.loads(job.state.read_text(encoding="utf-8"))


def submit(server: Backend, job: JobFolder) -> Any:
    return server.answer(server.ask("job/run", folder=str(job.path)))["result"]


def test_two_jobs_in_order_with_progress(server: Backend, odd_path: Path) -> None:
    first = make_job(odd_path, "first", COUNT, SIZE)
    second = make_job(odd_path, "second", COUNT, SIZE)
    assert submit(server, first) == {"id": "first", "position": 0}
    assert submit(server, second) == {"id": "second", "position": 1}
    again = server.answer(server.ask("job/run", folder=str(second.path)))["error"]
    assert again["data"]["code"] == "job-queued"
    # Questions are answered while a job runs.
    probe = server.answer(server.ask("clip/probe", path=str(odd_path / f"material {COUNT}/clip")))
    assert probe["result"]["count"] == COUNT
    done = server.notice("job/done", id="second")
    assert done["count"] == COUNT and Path(done["mp4"]) == second.mp4
    assert Path(done["frames"]) == second.frames and Path(done["report"]).is_file()

    notices = [m for _, m in server.heard if "method" in m]
    ids = [m["params"]["id"] for m in notices]
    assert ids == sorted(ids, key=["first", "second"].index)
    for name in ("first", "second"):
        told = [m["params"] for m in notices if m["params"]["id"] == name]
        progress = [p for p in told if "stage" in p]
        stages = list(dict.fromkeys(p["stage"] for p in progress))
        assert stages == list(stage_names())
        overall = [p["overall"] for p in progress]
        assert overall == sorted(overall) and overall[-1] > 0.95
        assert any(p["seconds_left"] is not None and p["seconds_left"] >= 0 for p in progress)
        frames = [p["frame"] for p in progress if p["frame"]]
        assert frames and all(Path(frame).is_file() for frame in frames)
        assert all(2**24 < p["memory_bytes"] < 2**36 for p in progress)
        assert all(0 <= p["step"] <= max(p["total"], p["step"]) for p in progress)
    assert server.close() == 0
    assert b"stage render: done" in server.errors  # the log is copied to stderr
    assert "stage render: done" in first.log.read_text(encoding="utf-8")


def test_cancel_the_running_and_a_waiting_job(server: Backend, odd_path: Path) -> None:
    first = make_job(odd_path, "first", COUNT, SIZE)
    second = make_job(odd_path, "second", COUNT, SIZE)
    third = make_job(odd_path, "third", COUNT, SIZE)
    for job in (first, second, third):
        submit(server, job)
    assert server.answer(server.ask("job/cancel", id="second"))["result"]["known"] is True
    failed = server.notice("job/failed")
    assert (failed["id"], failed["code"], failed["exit_code"]) == ("second", "cancelled", 5)
    assert state(second)["status"] == "cancelled" and not second.log.exists()
    server.notice("job/progress", id="first", stage="target_mask")
    begun = time.monotonic()
    server.ask("job/cancel", id="first")
    failed = server.notice("job/failed", id="first")
    assert time.monotonic() - begun < 3
    assert failed["code"] == "cancelled" and Path(failed["log"]) == first.log
    assert state(first)["status"] == "cancelled"
    server.notice("job/done", id="third")
    # The cancelled job goes on where it stopped.
    submit(server, first)
    server.notice("job/done", id="first")
    assert "stage joints: kept" in first.log.read_text(encoding="utf-8")


def test_a_failed_job_does_not_hold_up_the_next(server: Backend, odd_path: Path) -> None:
    bad = make_job(odd_path, "bad", COUNT, SIZE)
    edit_request(bad, reference__path=str(odd_path / "gone.mp4"))
    good = make_job(odd_path, "good", COUNT, SIZE)
    submit(server, bad)
    submit(server, good)
    failed = server.notice("job/failed")
    assert failed["id"] == "bad" and failed["code"] == "clip-missing"
    assert failed["exit_code"] == 2 and failed["message"].endswith(".")
    assert "clip-missing" in Path(failed["log"]).read_text(encoding="utf-8")
    server.notice("job/done", id="good")


@pytest.mark.parametrize("stage", ["joints", "target_mask", "render", "encode"])
def test_end_of_input_in_the_middle(server: Backend, odd_path: Path, stage: str) -> None:
    job = make_job(odd_path, "job", COUNT, SIZE)
    submit(server, job)
    server.notice("job/progress", stage=stage)
    begun = time.monotonic()
    assert server.close() == 0
    assert time.monotonic() - begun < 5
    assert state(job)["status"] in ("cancelled", "running", "done")
    other = Backend()
    submit(other, job)
    other.notice("job/done")
    assert other.close() == 0
    assert state(job)["status"] == "done"


def test_a_killed_backend_leaves_a_job_that_goes_on(server: Backend, odd_path: Path) -> None:
    job = make_job(odd_path, "job", COUNT, SIZE)
    submit(server, job)
    server.notice("job/progress", stage="render")
    server.process.kill()
    server.process.wait()
    other = Backend()
    submit(other, job)
    other.notice("job/done")
    other.close()
    log = job.log.read_text(encoding="utf-8")
    assert all(f"stage {name}: kept" in log for name in ("joints", "masks", "align"))


@pytest.mark.parametrize(
    "settings", [{}, {"source_joints": "", "source_masks": ""}], ids=["short steps", "long steps"]
)
def test_shutdown_in_the_middle_of_a_job_tells_its_end(
    server: Backend, odd_path: Path, settings: dict[str, str]
) -> None:
    """Also where a step (loading the estimators) outlasts the grace that is given to it."""
    job = make_job(odd_path, count=40, **settings)
    server.answer(server.ask("job/run", folder=str(job.path)))
    server.notice("job/progress", stage="joints")
    assert server.answer(server.ask("shutdown"))["result"] == {}
    failed = server.notice("job/failed", "job/done")
    assert failed["code"] == "cancelled" and failed["exit_code"] == 5
    assert server.process.wait(5) == 0
    ends = [m for _, m in server.heard if m.get("method") in ("job/failed", "job/done")]
    assert len(ends) == 1


@pytest.mark.slow
def test_progress_comes_every_two_seconds(server: Backend, odd_path: Path, shared: Path) -> None:
    """With real estimators, whose models take a while to load."""
    job = make_job(odd_path, "job", 4, (512, 512), source_joints="", source_masks="")
    clip = str(shared / "clips" / "case-1" / "source_images")
    edit_request(job, reference__path=clip, reference__count=4)
    submit(server, job)
    process = psutil.Process(server.process.pid)
    told: list[tuple[float, float]] = []
    while (method := server.next(300).get("method")) != "job/done":
        assert method != "job/failed"
        if method == "job/progress":
            told.append((time.monotonic(), sum(process.cpu_times()[:2])))
    # On a machine that others use, too, or from a cold disk the wall's clock tells of those.
    gaps = [min(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(told)]
    assert len(gaps) > 10 and max(gaps) < 2.0, max(gaps)


def test_killing_the_client_in_the_middle_of_a_job(odd_path: Path) -> None:
    """As when Blender is killed: the backend is gone within 5 s and lets go of the folder."""
    job = make_job(odd_path, "job", COUNT, SIZE)
    client = odd_path / "client.py"
    client.write_text(
        "import json, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-m', 'mf_backend', 'serve'],\n"
        "    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)\n"
        "ask = {'id': 1, 'method': 'job/run', 'params': {'folder': sys.argv[1]}}\n"
        "child.stdin.write(json.dumps(ask).encode() + b'\\n')\n"
        "child.stdin.flush()\n"
        "print(child.pid, flush=True)\n"
        "for line in child.stdout: pass\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, str(client), str(job.path)],
        stdout=subprocess.PIPE,
        env=backend_environment(),
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    while state(job)["stage"] != "target_mask":
        assert process.poll() is None
        time.sleep(0.005)
    kill(process)
    assert gone_after(child) < 5
    assert state(job)["status"] in ("cancelled", "running")
    with hold(job):
        pass
